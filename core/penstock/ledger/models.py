"""The tables of the ledger. ``migrations/`` brings a database to this shape."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from penstock.ledger.records import Status
from penstock.ledger.types import Id, Instant, Json

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
USER_ID_LENGTH = 255
ENDED = {
    Status.SUCCESS: "finished_at IS NOT NULL AND error_code IS NULL",
    Status.FAILED: "finished_at IS NOT NULL AND error_code <> 'cancelled'",
    Status.CANCELLED: "finished_at IS NOT NULL AND error_code = 'cancelled'",
}
"""Which tasks ended so, told without `status`: an index that mentions that column, which the start
gate writes, would make each start write to all indexes. No failed task has the code of a cancelled
one."""


def _partial(name: str, columns: tuple[str, ...], where: str) -> Index:
    """An index of the rows for which ``where`` is true."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class Base(DeclarativeBase):
    """The ledger's schema."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Task(Base):
    """One accepted task, for as long as it is kept."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'running', 'success', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint(
            "(finished_at IS NULL) = (status IN ('pending', 'running'))", name="finished"
        ),
        # The reconciler walks open rows; finished ones, the many, are not in this index.
        _partial("ix_task_open_order", ("queue", "priority", "id"), "finished_at IS NULL"),
        # How many of a user's tasks are open is asked before each of theirs is accepted.
        _partial(
            "ix_task_open_user_order",
            ("queue", "user_id", "id"),
            "finished_at IS NULL AND user_id IS NOT NULL",
        ),
        # For lists: each ended task is in one index of its kind, and in one of its user. None may
        # mention a column that the start gate writes, such as `status`: see ENDED.
        *(
            _partial(f"ix_task_{status.value}_kind", ("queue", "type", "id"), where)
            for status, where in ENDED.items()
        ),
        *(
            _partial(
                f"ix_task_{status.value}_user",
                ("user_id", "id"),
                f"{where} AND user_id IS NOT NULL",
            )
            for status, where in ENDED.items()
        ),
        Index(
            "uq_task_open_unique_key",
            "unique_key",
            unique=True,
            postgresql_where=text("finished_at IS NULL AND unique_key IS NOT NULL"),
            sqlite_where=text("finished_at IS NULL AND unique_key IS NOT NULL"),
        ),
        # Tasks that are not to wait, or not to take, longer than until then.
        *(
            Index(
                f"ix_task_open_{time}",
                time,
                postgresql_where=text(f"finished_at IS NULL AND {time} IS NOT NULL"),
                sqlite_where=text(f"finished_at IS NULL AND {time} IS NOT NULL"),
            )
            for time in ("expires_at", "deadline")
        ),
        Index(
            "ix_task_parent_order",
            "parent_id",
            "id",
            postgresql_where=text("parent_id IS NOT NULL"),
            sqlite_where=text("parent_id IS NOT NULL"),
        ),
        Index(
            "ix_task_batch_order",
            "batch_id",
            "id",
            postgresql_where=text("batch_id IS NOT NULL"),
            sqlite_where=text("batch_id IS NOT NULL"),
        ),
        # Whether any task of a batch is open is asked whenever one of them has ended.
        Index(
            "ix_task_open_batch",
            "batch_id",
            postgresql_where=text("finished_at IS NULL AND batch_id IS NOT NULL"),
            sqlite_where=text("finished_at IS NULL AND batch_id IS NOT NULL"),
        ),
        # A start is written into the task's page, and into no index, if there is room: a started
        # task is a little larger than a waiting one.
        {"postgresql_with": {"fillfactor": 45}},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    type: Mapped[str] = mapped_column(String(128))
    queue: Mapped[str] = mapped_column(String(63))
    status: Mapped[str] = mapped_column(String(9), server_default="pending")
    priority: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[str | None] = mapped_column(String(USER_ID_LENGTH))
    provider: Mapped[str | None] = mapped_column(String(63))
    """Whose limits it keeps to, as its task type said when it was submitted."""
    units: Mapped[int | None] = mapped_column(Integer)
    """How many units of the provider it uses, as estimated then."""
    input: Mapped[str] = mapped_column(Json)
    labels: Mapped[str | None] = mapped_column(Json)
    """taskiq's labels; only rows that came through ``.kiq()`` have any."""
    result: Mapped[str | None] = mapped_column(Json)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_type: Mapped[str | None] = mapped_column(String(255))
    progress: Mapped[float] = mapped_column(Double, server_default=text("0"))
    progress_message: Mapped[str] = mapped_column(Text, server_default=text("''"))
    run: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """The fence: how often the task was started. Each later write of a run names it."""
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(Integer)
    losses: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """How often a worker died under it."""
    worker: Mapped[str | None] = mapped_column(String(255))
    lease: Mapped[int | None] = mapped_column(BigInteger)
    """The number of the lease under which it was last started; a smaller one is that of a stale
    claim."""
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Instant)
    """When somebody first wanted it cancelled while it ran; its worker is told."""
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    run_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    """Its time-to-live: a task that has not started by then does not start any more. None if it has
    started and is to run again."""
    deadline: Mapped[datetime | None] = mapped_column(Instant)
    """A task that has not ended by then has failed."""
    unique_key: Mapped[str | None] = mapped_column(String(64))
    """Of the tasks that are open, only one may have it: a hash, in hexadecimal."""
    parent_id: Mapped[UUID | None] = mapped_column(Id)
    """The task that submitted it."""
    batch_id: Mapped[UUID | None] = mapped_column(Id)
    """What it is counted with."""
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class TaskAttempt(Base):
    """One failed attempt of a task."""

    __tablename__ = "task_attempt"

    task_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True
    )
    run: Mapped[int] = mapped_column(Integer, primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    error_code: Mapped[str] = mapped_column(String(64))
    error_message: Mapped[str] = mapped_column(Text)
    error_type: Mapped[str] = mapped_column(String(255))
    traceback: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime] = mapped_column(Instant)


class CheckpointRow(Base):
    """What a task keeps for its later runs; the latest value of each name."""

    __tablename__ = "checkpoint"

    task_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    run: Mapped[int] = mapped_column(Integer)
    """The run that saved it."""
    data: Mapped[str] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class TaskLogRow(Base):
    """A line that a handler logged."""

    __tablename__ = "task_log"

    task_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    """Sorts by time, as it is a UUIDv7."""
    run: Mapped[int] = mapped_column(Integer)
    """The run that logged it."""
    at: Mapped[datetime] = mapped_column(Instant)
    level: Mapped[str] = mapped_column(String(8))
    message: Mapped[str] = mapped_column(Text)
    fields: Mapped[str] = mapped_column(Json)
    size: Mapped[int] = mapped_column(Integer)
    """Of message and fields, in bytes: how much a task has logged is limited."""


class ArtifactRow(Base):
    """One stored file."""

    __tablename__ = "artifact"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    task_id: Mapped[UUID] = mapped_column(Id, ForeignKey("task.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)


class DiscardedFile(Base):
    """An artifact whose task is removed, and whose bytes are yet to be deleted."""

    __tablename__ = "discarded_file"

    artifact_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    discarded_at: Mapped[datetime] = mapped_column(Instant)


class IdempotencyKeyRow(Base):
    """Which task a caller's key stands for, until it expires.

    Without a foreign key, which would cost each task that is removed a look here: a key whose task
    is gone is found out, and given up, when it is used again.
    """

    __tablename__ = "idempotency_key"

    principal: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Who sent it: the same key of another caller is another one."""
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of what was asked for, in hexadecimal."""
    task_id: Mapped[UUID] = mapped_column(Id)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class QueueStat(Base):
    """How many tasks of a queue ended how; written with the outcomes that it counts.

    Several rows add up to one queue, so that workers do not wait for each other's row lock.
    """

    __tablename__ = "queue_stat"

    queue: Mapped[str] = mapped_column(String(63), primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    completed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class BatchRow(Base):
    """Tasks that are counted together. Their number of each status is theirs to say, not its.

    No foreign key ties tasks to it: each that is inserted would have to lock this row.
    """

    __tablename__ = "batch"
    __table_args__ = (
        # The reconciler looks whether they are complete.
        Index(
            "ix_batch_unfinished",
            "id",
            postgresql_where=text("finished_at IS NULL AND sealed_at IS NOT NULL"),
            sqlite_where=text("finished_at IS NULL AND sealed_at IS NOT NULL"),
        ),
        # The pruner looks which nobody will seal, and which are old.
        Index(
            "ix_batch_unsealed",
            "id",
            postgresql_where=text("sealed_at IS NULL"),
            sqlite_where=text("sealed_at IS NULL"),
        ),
        Index(
            "ix_batch_finished",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL"),
            sqlite_where=text("finished_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    """For people."""
    user_id: Mapped[str | None] = mapped_column(String(USER_ID_LENGTH))
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """How many tasks were put into it."""
    callback: Mapped[str | None] = mapped_column(Json)
    """The task that follows, as a ``Callback``."""
    callback_task_id: Mapped[UUID | None] = mapped_column(Id)
    """That task, once it is accepted."""
    created_by: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    sealed_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when no task is added."""
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was sealed and none of its tasks was open any more; for good."""


class OwnerRow(Base):
    """Whose the database is: the namespace in Redis of its one installation."""

    __tablename__ = "owner"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    namespace: Mapped[str] = mapped_column(String(63))
    since: Mapped[datetime] = mapped_column(Instant)


class Leader(Base):
    """Who does what one process at a time should do. It saves work, and nothing depends on it."""

    __tablename__ = "leader"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    holder: Mapped[str] = mapped_column(String(255))
    expires_at: Mapped[datetime] = mapped_column(Instant)


class SettingOverride(Base):
    """What an operator says while everything runs, over variables, files and declarations."""

    __tablename__ = "setting_override"

    subject: Mapped[str] = mapped_column("queue", String(160), primary_key=True)
    """Of what: the name of a queue, ``task:`` with that of a task type, ``provider:`` likewise.

    No name of a queue has a colon, so that processes which know queues alone read the same table,
    and pass over the others.
    """
    knob: Mapped[str] = mapped_column(String(63), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    """As one would write it into the variable."""
    changed_by: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime] = mapped_column(Instant)


class ScheduleRow(Base):
    """When tasks are submitted again and again, and which."""

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("misfire IN ('skip', 'run_once')", name="misfire"),
        CheckConstraint("(cron IS NULL) <> (every_us IS NULL)", name="recurrence"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    source: Mapped[str] = mapped_column(String(128))
    """``api``, or ``plugin:<name>``: who may change it."""
    type: Mapped[str] = mapped_column(String(128))
    input: Mapped[str] = mapped_column(Json)
    cron: Mapped[str | None] = mapped_column(String(255))
    every_us: Mapped[int | None] = mapped_column(BigInteger)
    """Microseconds."""
    timezone: Mapped[str] = mapped_column(String(63))
    misfire: Mapped[str] = mapped_column(String(8))
    misfire_grace_us: Mapped[int] = mapped_column(BigInteger)
    """Microseconds."""
    priority: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[str | None] = mapped_column(String(USER_ID_LENGTH))
    paused_by: Mapped[str | None] = mapped_column(String(255))
    """Who paused it, if it is."""
    withdrawn: Mapped[str | None] = mapped_column(Text)
    """Why it fires no more, if its plugin declares it no longer."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why there is no task of the last instant, if there is none."""
    next_run_at: Mapped[datetime] = mapped_column(Instant)
    """The next instant: whoever moves it on inserts the task of it, in one transaction."""
    last_run_at: Mapped[datetime | None] = mapped_column(Instant)
    last_task_id: Mapped[UUID | None] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
