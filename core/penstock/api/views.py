"""What the API shows, as typed values; ``success`` comes first in every answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar
from uuid import UUID

import msgspec

from penstock.api.problems import ProblemDocument
from penstock.declarations import Priority, TaskType
from penstock.dispatch import PolicyValue
from penstock.ledger import Failure, LogLine, Origin, Status, TaskSummary
from penstock.ledger.schedules import ScheduleRecord
from penstock.plugins import Catalogue

T = TypeVar("T")


class Success(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An answer to a request that did what it asked for."""

    success: Literal[True] = True
    data: T


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


class BulkItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of many submissions: its task, or its problem.

    ``status`` is what it would have been answered with by itself. ``origin`` is ``new``,
    ``replayed`` (its idempotency key was used before) or ``existing`` (it is unique, and open).
    """

    status: int
    origin: Origin | msgspec.UnsetType = msgspec.UNSET
    task: TaskView | msgspec.UnsetType = msgspec.UNSET
    problem: ProblemDocument | msgspec.UnsetType = msgspec.UNSET


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule. Times are in UTC.

    ``source`` is ``api``, or ``plugin:`` and the plugin that declares it. ``state`` is ``active``,
    ``paused`` (by ``paused_by``), ``withdrawn`` (its plugin declares it no longer) or
    ``unavailable`` (its task type is not installed here). ``problem`` says why the last instant
    made no task, or why none will.
    """

    name: str
    source: str
    state: Literal["active", "paused", "withdrawn", "unavailable"]
    problem: str | None
    type: str
    input: msgspec.Raw
    cron: str | None
    every_seconds: float | None
    timezone: str
    misfire: Literal["skip", "run_once"]
    misfire_grace_seconds: float
    priority: str
    user_id: str | None
    paused_by: str | None
    next_run_at: datetime | None
    last_run_at: datetime | None
    last_task_id: UUID | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: ScheduleRecord, catalogue: Catalogue) -> ScheduleView:
        """The view of a schedule in the ledger."""
        terms = record.terms
        state: Literal["active", "paused", "withdrawn", "unavailable"] = "active"
        problem = record.problem
        if terms.type not in catalogue.task_types:
            state, problem = "unavailable", f"no installed plugin has a task type {terms.type!r}"
        if record.withdrawn is not None:
            state, problem = "withdrawn", record.withdrawn
        elif record.paused_by is not None:
            state = "paused"
        fires = record.withdrawn is None and record.paused_by is None
        return cls(
            name=record.name,
            source=record.source,
            state=state,
            problem=problem,
            type=terms.type,
            input=msgspec.Raw(terms.input.encode()),
            cron=terms.cron,
            every_seconds=None if terms.every is None else terms.every.total_seconds(),
            timezone=terms.timezone,
            misfire=terms.misfire,
            misfire_grace_seconds=terms.misfire_grace.total_seconds(),
            priority=Priority(terms.priority).label,
            user_id=terms.user_id,
            paused_by=record.paused_by,
            next_run_at=record.next_run_at if fires else None,
            last_run_at=record.last_run_at,
            last_task_id=record.last_task_id,
            created_by=record.created_by,
            created_at=record.created_at,
            updated_at=record.updated_at,
        )


class LogLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a task's handler logged, in its ``run``-th run; ids sort by time."""

    id: UUID
    run: int
    at: datetime
    level: str
    message: str
    fields: msgspec.Raw

    @classmethod
    def of(cls, line: LogLine) -> LogLineView:
        """The view of a line in the ledger."""
        return cls(
            id=line.id,
            run=line.run,
            at=line.at,
            level=line.level,
            message=line.message,
            fields=line.fields,
        )


class TaskTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """A task type: what it takes and gives, as JSON Schema, and inputs that succeed.

    ``upload`` is the field of the input that ``POST /api/uploads`` fills, if it takes files.
    ``unique``: a submission is answered with the open task of the same input and user, unless an
    operator says otherwise at run time; see ``GET /api/task-types/{type}/policy``.
    One that is not ``enabled`` takes no tasks and runs none; ``disabled_by`` says who wants that. A
    policy with ``enabled`` says otherwise.
    """

    type: str
    queue: str
    enabled: bool
    disabled_by: PolicyValue | None
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    upload: str | None
    unique: bool
    examples: list[Any]

    @classmethod
    def of(cls, task_type: TaskType[Any, Any]) -> TaskTypeView:
        """The view of a declared task type, which is enabled unless somebody says otherwise."""
        return cls(
            type=task_type.name,
            queue=task_type.queue.name,
            enabled=True,
            disabled_by=None,
            description=task_type.description,
            input_schema=task_type.input_schema(),
            output_schema=task_type.output_schema(),
            upload=task_type.upload,
            unique=task_type.unique,
            examples=list(task_type.plain_examples()),
        )
