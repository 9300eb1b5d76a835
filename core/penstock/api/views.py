"""What the API shows, as typed values; ``success`` comes first in every answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar
from uuid import UUID

import msgspec

from penstock.declarations import Priority, TaskType
from penstock.ledger import Failure, Status, TaskSummary

T = TypeVar("T")


class Success(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An answer to a request that did what it asked for."""

    success: Literal[True] = True
    data: T


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Part of a list; ``next`` is the cursor of the following part, if there is one."""

    success: Literal[True] = True
    data: list[T]
    next: str | None


class TaskSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """A task as lists show it, without its input and result.

    Times are in UTC; ``progress`` is from 0 to 100; ``attempts`` counts runs so far.

    ``provider`` is the one whose limits it keeps to, if it needs one.

    ``cancel_requested_at`` is when somebody wanted it cancelled; if it runs, its worker stops it.
    """

    id: UUID
    type: str
    queue: str
    status: Status
    priority: str
    user_id: str | None
    provider: str | None
    progress: float
    progress_message: str
    attempts: int
    max_attempts: int
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

    @classmethod
    def of(cls, task: TaskSummary) -> Self:
        """The view of a task in the ledger, with its fields by their names."""
        values = {name: getattr(task, name) for name in cls.__struct_fields__}
        return cls(**{**values, "priority": Priority(task.priority).label})


class TaskView(TaskSummaryView, frozen=True, kw_only=True):
    """A task with its input and its result."""

    input: msgspec.Raw
    result: msgspec.Raw | None


class TaskTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """A task type: what it takes and gives, as JSON Schema, and inputs that succeed.

    ``upload`` is the field of the input that ``POST /api/uploads`` fills, if it takes files.
    """

    type: str
    queue: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    upload: str | None
    examples: list[Any]

    @classmethod
    def of(cls, task_type: TaskType[Any, Any]) -> TaskTypeView:
        """The view of a declared task type."""
        return cls(
            type=task_type.name,
            queue=task_type.queue.name,
            description=task_type.description,
            input_schema=task_type.input_schema(),
            output_schema=task_type.output_schema(),
            upload=task_type.upload,
            examples=[msgspec.to_builtins(example) for example in task_type.examples],
        )
