"""A task at one moment, for application code."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from penstock.declarations import Priority
from penstock.ledger import Failure, Status, TaskRecord


class TaskInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of a task. Times are in UTC.

    ``status`` is ``pending``, ``running``, ``success``, ``failed`` or ``cancelled``; ``progress``
    is from 0 to 100; ``input`` and ``result`` are as decoded from their JSON.
    """

    id: UUID
    type: str
    queue: str
    status: Status
    priority: Priority
    user_id: str | None
    provider: str | None
    progress: float
    progress_message: str
    attempts: int
    max_attempts: int
    input: Any
    result: Any
    error: Failure | None
    created_at: datetime
    run_at: datetime | None
    expires_at: datetime | None
    deadline: datetime | None
    parent_id: UUID | None
    batch_id: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    updated_at: datetime

    @property
    def finished(self) -> bool:
        """Whether its outcome is recorded."""
        return self.finished_at is not None

    @classmethod
    def of(cls, record: TaskRecord) -> TaskInfo:
        """What to show of a task in the ledger."""
        return cls(
            **{
                **msgspec.structs.asdict(record),
                "priority": Priority(record.priority),
                "input": msgspec.json.decode(record.input),
                "result": None if record.result is None else msgspec.json.decode(record.result),
            }
        )
