"""The worker process."""

from penstock.worker.worker import StuckError, Worker

__all__ = ["StuckError", "Worker"]
