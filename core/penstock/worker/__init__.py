"""The worker process."""

from penstock.worker.worker import StuckError, UnknownQueueError, Worker

__all__ = ["StuckError", "UnknownQueueError", "Worker"]
