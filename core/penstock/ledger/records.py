"""What the ledger gives and takes, as plain values."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Status(StrEnum):
    """Where a task is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Failure(msgspec.Struct, frozen=True):
    """Why a run failed: a stable word for programs, a sentence for people, the exception's type."""

    code: str
    message: str
    type: str


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A task as lists show it. Times are in UTC; ``progress`` is from 0 to 100."""

    id: UUID
    type: str
    queue: str
    status: Status
    priority: int
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


class TaskRecord(TaskSummary, frozen=True, kw_only=True):
    """A task as the ledger has it, with its input and its result as JSON."""

    input: msgspec.Raw
    result: msgspec.Raw | None


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a stored file. ``size`` is in bytes."""

    id: UUID
    task_id: UUID
    name: str
    content_type: str
    size: int
    sha256: str


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's own name for a request, which makes it safe to repeat until ``expires_at``.

    ``fingerprint`` is a hash, in hexadecimal, of what is asked for; ``principal`` is who asks.
    """

    principal: str
    key: str
    fingerprint: str
    expires_at: datetime


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task to be accepted. ``input`` and ``labels`` are JSON texts.

    ``provider`` is the one that it needs, ``units`` how many units of that it uses, as estimated.
    One that has not started by ``expires_at`` does not start any more, and one that has not ended
    by ``deadline`` has failed. Of the open tasks only one may have a ``unique_key``. ``parent_id``
    is the task that submitted it, ``batch_id`` what it is counted with. ``files`` are artifacts
    that belong to it from the start; their rows are written with its own. ``key`` stands for it.
    """

    id: UUID
    type: str
    queue: str
    priority: int
    user_id: str | None
    input: str
    labels: str | None
    max_attempts: int
    created_at: datetime
    run_at: datetime | None
    provider: str | None = None
    units: int | None = None
    expires_at: datetime | None = None
    deadline: datetime | None = None
    unique_key: str | None = None
    parent_id: UUID | None = None
    batch_id: UUID | None = None
    files: tuple[StoredArtifact, ...] = ()
    key: IdempotencyKey | None = None


class Origin(StrEnum):
    """Where the task comes from that a submission is answered with."""

    NEW = "new"
    """It was made of this very submission."""
    REPLAYED = "replayed"
    """An earlier submission had the same idempotency key."""
    EXISTING = "existing"
    """It is open, and unique."""


class Accepted(msgspec.Struct, frozen=True):
    """Which task a submission is answered with."""

    task_id: UUID
    origin: Origin = Origin.NEW


class ClaimedTask(msgspec.Struct, frozen=True, array_like=True):
    """A task that the engine has leased, on its way to the start gate.

    ``lease`` is the number of its lease, larger than that of every earlier one; ``orphan`` says
    whether an earlier one is known to have run out.
    """

    id: UUID
    lease: int
    orphan: bool = False


class StartedTask(msgspec.Struct, frozen=True):
    """A task that passed the start gate: this run of it may call the handler.

    ``run`` is the fence that every later write of this run carries. The fields are in the order of
    the columns that ``start_tasks.sql`` returns.
    """

    id: UUID
    type: str
    queue: str
    run: int
    attempts: int
    max_attempts: int
    losses: int
    priority: int
    user_id: str | None
    provider: str | None
    units: int | None
    input: str
    labels: str | None
    started_at: datetime
    deadline: datetime | None = None
    batch_id: UUID | None = None


class RefusedStart(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed task that may not start.

    It has ended already (perhaps just now, because somebody wanted it cancelled or it is too late),
    is ``pending`` and not yet due, ``running`` with nothing known of its worker's death, or
    (``None``) not in the ledger. ``stale``: it was started under a later lease already.
    """

    id: UUID
    status: Status | None
    run_at: datetime | None
    batch_id: UUID | None = None
    stale: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one run ended.

    ``status`` is terminal, or ``pending`` for a run that shall be repeated at ``run_at``.
    ``spends_attempt`` is False for runs that do not count: a snooze, a hand-back at shutdown.
    ``ran`` is False if the handler was not called: the task has not started.
    """

    id: UUID
    queue: str
    run: int
    attempt: int
    status: Status
    result: str | None = None
    error: Failure | None = None
    traceback: str | None = None
    started_at: datetime
    finished_at: datetime
    run_at: datetime | None = None
    spends_attempt: bool = True
    ran: bool = True
    batch_id: UUID | None = None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a task keeps for later ones. ``data`` is a JSON text."""

    task_id: UUID
    run: int
    name: str
    data: str


class OpenTask(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not finished, as the reconciler sees it."""

    id: UUID
    queue: str
    status: Status
    priority: int
    run: int
    """The number of its latest run, 0 if there was none."""
    user_id: str | None
    provider: str | None
    batch_id: UUID | None
    run_at: datetime | None
    cancel_requested: bool
    updated_at: datetime


class CancelWish(msgspec.Struct, frozen=True):
    """That somebody wants a run stopped, and why; later runs of the same task are not meant."""

    run: int
    reason: str


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request to cancel or to retry: the task's state, and whether that is new.

    ``lease`` is the number of the lease under which it was last started, 0 if it never was;
    ``too_late``: it could not begin anew, as its deadline has passed.
    """

    status: Status
    queue: str
    priority: int
    user_id: str | None
    provider: str | None
    changed: bool
    lease: int = 0
    too_late: bool = False
    batch_id: UUID | None = None


class EndedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks of a queue ended how, ever."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0


def json_text(value: Any) -> str:
    """``value`` as compact JSON."""
    return msgspec.json.encode(value).decode()
