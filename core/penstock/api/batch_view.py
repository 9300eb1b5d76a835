"""What the API shows of a batch."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from penstock.ledger import BatchRecord, StatusCounts


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. Times are in UTC.

    ``total`` is how many tasks were put into it, ``counts`` how many of them are in each status;
    ``progress`` is the mean of their progress, from 0 to 100, where what has ended counts as 100.
    ``callback_type`` is the task type of its callback, and ``callback_task_id`` the callback, once
    it is there. ``sealed_at`` is since when no tasks are added.
    """

    id: UUID
    name: str
    user_id: str | None
    total: int
    counts: StatusCounts
    progress: float
    callback_type: str | None
    callback_task_id: UUID | None
    created_by: str
    created_at: datetime
    sealed_at: datetime | None
    cancelled_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, record: BatchRecord) -> BatchView:
        """The view of a batch in the ledger."""
        return cls(
            id=record.id,
            name=record.name,
            user_id=record.user_id,
            total=record.total,
            counts=record.counts,
            progress=record.progress,
            callback_type=record.callback.type if record.callback else None,
            callback_task_id=record.callback_task_id,
            created_by=record.created_by,
            created_at=record.created_at,
            sealed_at=record.sealed_at,
            cancelled_at=record.cancelled_at,
            finished_at=record.finished_at,
        )
