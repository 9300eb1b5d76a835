"""What the API says about batches, as the client commands use it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from penstock.cli.answer import Answer


class Counts(msgspec.Struct, kw_only=True):
    """How many tasks of a batch are in each status."""

    pending: int = 0
    running: int = 0
    success: int = 0
    failed: int = 0
    cancelled: int = 0


class Batch(Answer, kw_only=True):
    """What the API says about a batch."""

    id: UUID
    name: str
    total: int
    counts: Counts
    progress: float
    user_id: str | None = None
    callback_type: str | None = None
    callback_task_id: UUID | None = None
    created_by: str = ""
    created_at: str | None = None
    sealed_at: str | None = None
    cancelled_at: str | None = None
    finished_at: str | None = None

    @property
    def finished(self) -> bool:
        """Whether it is sealed, and all of its tasks have ended."""
        return self.finished_at is not None

    @property
    def state(self) -> str:
        """Where it is in its life, in a word."""
        if self.cancelled_at is not None:
            return "cancelled" if self.finished else "cancelling"
        if self.finished:
            return "finished"
        return "open" if self.sealed_at is None else "sealed"
