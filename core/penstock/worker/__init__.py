"""The worker process."""

from penstock.worker.worker import UnknownQueueError, Worker

__all__ = ["UnknownQueueError", "Worker"]
