"""How a batch of rows reaches the hand-tuned statements.

PostgreSQL takes one array per column, SQLite one JSON array of objects; either way a batch is one
statement, whatever its size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from penstock.ledger.database import Database
from penstock.ledger.queries import driver_query, query
from penstock.ledger.records import (
    Checkpoint,
    ClaimedTask,
    IdempotencyKey,
    NewTask,
    Outcome,
    StartedTask,
    Status,
    StoredArtifact,
    json_text,
)
from penstock.ledger.types import Id, Instant, sqlite_time

Statement = tuple[Executable, Mapping[str, Any]]
"""With its parameters; for connections of either kind."""
Run = tuple[UUID, int]
"""Task, run."""
Progress = tuple[UUID, int, float, str]
"""Task, run, percent, message."""
CheckpointKey = tuple[UUID, int, str]
"""Task, run, name."""
_KEY_FIELDS = ("principal", "key", "fingerprint", "expires_at")
TOO_LATE = "its deadline leaves no time for another run"
"""Why a task failed that was to run again."""
_STARTED_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "id": Id,
    "started_at": Instant,
    "deadline": Instant,
    "batch_id": Id,
}
# The columns of a new row; a task's files and its key are rows of their own.
_TASK_FIELDS = tuple(each for each in NewTask.__struct_fields__ if each not in {"files", "key"})
_ARTIFACT_FIELDS = StoredArtifact.__struct_fields__
_CHECKPOINT_FIELDS = Checkpoint.__struct_fields__
# PostgreSQL takes the others from the task's row.
_OUTCOME_FIELDS = ("id", "run", "status", "result", "traceback", "ran", "run_at", "finished_at")


class Batches(ABC):
    """The batch statements of one dialect.

    Args:
        shard: which of a queue's counters to add to.
    """

    def __init__(self, shard: int) -> None:
        self._shard = shard

    async def insert_tasks(self, connection: AsyncConnection, tasks: Sequence[NewTask]) -> None:
        """Insert tasks; those that are there already stay as they are."""
        await connection.execute(*self.insertion(tasks))

    @abstractmethod
    async def store_tasks(self, database: Database, tasks: Sequence[NewTask]) -> None:
        """:meth:`insert_tasks` in a transaction of its own."""

    @abstractmethod
    def insertion(self, tasks: Sequence[NewTask]) -> Statement:
        """Inserts tasks, but for those that are there already, and unique ones that are open."""

    @abstractmethod
    def key_claim(self, keys: Sequence[tuple[IdempotencyKey, UUID]], *, now: datetime) -> Statement:
        """Claims keys for tasks; returns the row of each key, of its present task."""

    @abstractmethod
    async def insert_artifacts(
        self, connection: AsyncConnection, artifacts: Sequence[StoredArtifact], *, now: datetime
    ) -> None:
        """Insert the rows of files; those that are there already stay as they are."""

    @abstractmethod
    async def start_tasks(
        self,
        database: Database,
        claims: Sequence[ClaimedTask],
        *,
        worker: str,
        now: datetime,
        due: datetime,
    ) -> list[StartedTask]:
        """Open a run of each claimed task that may start, in a transaction of its own."""

    @abstractmethod
    async def record_outcomes(
        self, database: Database, outcomes: Sequence[Outcome]
    ) -> dict[Run, Status]:
        """Write outcomes of runs that are still current, with their attempts and counters.

        In a transaction of its own.
        """

    @abstractmethod
    async def record_progress(
        self, connection: AsyncConnection, reports: Sequence[Progress], *, now: datetime
    ) -> None:
        """Write the progress of runs that are still current."""

    @abstractmethod
    async def save_checkpoints(
        self, connection: AsyncConnection, checkpoints: Sequence[Checkpoint], *, now: datetime
    ) -> set[CheckpointKey]:
        """Keep the checkpoints of runs that are still current; returns which those are.

        Each of ``checkpoints`` is of another run or name.
        """


class PostgresqlBatches(Batches):
    """Arrays, unnested by the server."""

    def __init__(self, shard: int) -> None:
        super().__init__(shard)
        self._insert = query("postgresql", "insert_tasks")
        self._store = driver_query("insert_tasks")
        self._claim_keys = query("postgresql", "claim_keys").columns(task_id=Id)
        self._insert_artifacts = query("postgresql", "insert_artifacts")
        self._start = driver_query("start_tasks")
        self._record = driver_query("record_outcomes")
        self._progress = query("postgresql", "record_progress")
        self._checkpoints = query("postgresql", "save_checkpoints").columns(task_id=Id)

    async def store_tasks(self, database: Database, tasks: Sequence[NewTask]) -> None:
        """See :class:`Batches`."""
        await database.fetch("store new tasks", self._store, _columns(tasks, _TASK_FIELDS))

    def insertion(self, tasks: Sequence[NewTask]) -> Statement:
        """See :class:`Batches`."""
        return self._insert, _columns(tasks, _TASK_FIELDS)

    def key_claim(self, keys: Sequence[tuple[IdempotencyKey, UUID]], *, now: datetime) -> Statement:
        """See :class:`Batches`."""
        columns = _columns([key for key, _ in keys], _KEY_FIELDS)
        return self._claim_keys, {**columns, "task_id": [holder for _, holder in keys], "now": now}

    async def insert_artifacts(
        self, connection: AsyncConnection, artifacts: Sequence[StoredArtifact], *, now: datetime
    ) -> None:
        """See :class:`Batches`."""
        values = {**_columns(artifacts, _ARTIFACT_FIELDS), "now": now}
        await connection.execute(self._insert_artifacts, values)

    async def start_tasks(
        self,
        database: Database,
        claims: Sequence[ClaimedTask],
        *,
        worker: str,
        now: datetime,
        due: datetime,
    ) -> list[StartedTask]:
        """See :class:`Batches`."""
        values = {
            "ids": [each.id for each in claims],
            "leases": [each.lease for each in claims],
            "orphans": [each.orphan for each in claims],
            "worker": worker,
            "now": now,
            "due": due,
        }
        rows = await database.fetch("start tasks", self._start, values)
        return [StartedTask(*row) for row in rows]

    async def record_outcomes(
        self, database: Database, outcomes: Sequence[Outcome]
    ) -> dict[Run, Status]:
        """See :class:`Batches`."""
        values: dict[str, Any] = {
            **_columns(outcomes, _OUTCOME_FIELDS),
            "error_code": [each.error and each.error.code for each in outcomes],
            "error_message": [each.error and each.error.message for each in outcomes],
            "error_type": [each.error and each.error.type for each in outcomes],
            "refund": [0 if each.spends_attempt else 1 for each in outcomes],
            "shard": self._shard,
            "too_late": TOO_LATE,
        }
        recorded = await database.fetch("record outcomes", self._record, values)
        return {(task_id, run): Status(status) for task_id, run, status in recorded}

    async def record_progress(
        self, connection: AsyncConnection, reports: Sequence[Progress], *, now: datetime
    ) -> None:
        """See :class:`Batches`."""
        ids, runs, percents, messages = zip(*reports, strict=True)
        values = {
            "id": list(ids),
            "run": list(runs),
            "progress": list(percents),
            "message": list(messages),
            "now": now,
        }
        await connection.execute(self._progress, values)

    async def save_checkpoints(
        self, connection: AsyncConnection, checkpoints: Sequence[Checkpoint], *, now: datetime
    ) -> set[CheckpointKey]:
        """See :class:`Batches`."""
        values = {**_columns(checkpoints, _CHECKPOINT_FIELDS), "now": now}
        return _keys(await connection.execute(self._checkpoints, values))


class SqliteBatches(Batches):
    """A JSON array of objects, taken apart by SQLite's own JSON functions."""

    def __init__(self, shard: int) -> None:
        super().__init__(shard)
        self._insert = query("sqlite", "insert_tasks")
        self._claim_keys = query("sqlite", "claim_keys").columns(task_id=Id)
        self._insert_artifacts = query("sqlite", "insert_artifacts")
        self._start = query("sqlite", "start_tasks").columns(**_STARTED_TYPES)
        self._record = query("sqlite", "record_outcomes")
        self._attempts = query("sqlite", "record_attempts")
        self._count = query("sqlite", "count_ended")
        self._progress = query("sqlite", "record_progress")
        self._checkpoints = query("sqlite", "save_checkpoints").columns(task_id=Id)

    async def store_tasks(self, database: Database, tasks: Sequence[NewTask]) -> None:
        """See :class:`Batches`."""
        async with database.write("store new tasks") as connection:
            await self.insert_tasks(connection, tasks)

    def insertion(self, tasks: Sequence[NewTask]) -> Statement:
        """See :class:`Batches`."""
        rows = [
            _json_row({field: getattr(task, field) for field in _TASK_FIELDS}) for task in tasks
        ]
        return self._insert, {"rows": json_text(rows)}

    def key_claim(self, keys: Sequence[tuple[IdempotencyKey, UUID]], *, now: datetime) -> Statement:
        """See :class:`Batches`."""
        rows = [
            _json_row({**{field: getattr(key, field) for field in _KEY_FIELDS}, "task_id": holder})
            for key, holder in keys
        ]
        return self._claim_keys, {"rows": json_text(rows), "now": sqlite_time(now)}

    async def insert_artifacts(
        self, connection: AsyncConnection, artifacts: Sequence[StoredArtifact], *, now: datetime
    ) -> None:
        """See :class:`Batches`."""
        values = {"rows": json_text(artifacts), "now": sqlite_time(now)}
        await connection.execute(self._insert_artifacts, values)

    async def start_tasks(
        self,
        database: Database,
        claims: Sequence[ClaimedTask],
        *,
        worker: str,
        now: datetime,
        due: datetime,
    ) -> list[StartedTask]:
        """See :class:`Batches`."""
        values = {
            "claims": json_text(claims),
            "worker": worker,
            "now": sqlite_time(now),
            "due": sqlite_time(due),
        }
        async with database.statement("start tasks") as connection:
            rows = await connection.execute(self._start, values)
            # By position: by name it takes SQLAlchemy five times as long.
            return [StartedTask(*tuple(row)) for row in rows]

    async def record_outcomes(
        self, database: Database, outcomes: Sequence[Outcome]
    ) -> dict[Run, Status]:
        """See :class:`Batches`."""
        # By run: a superseded run of a task may stand beside its present one.
        by_run = {(each.id, each.run): each for each in outcomes}
        rows = [_json_row(_outcome_values(each)) for each in by_run.values()]
        values = {"rows": json_text(rows), "too_late": TOO_LATE}
        async with database.statement("record outcomes") as connection:
            written = list(await connection.execute(self._record, values))
            recorded: dict[Run, Status] = {
                (UUID(row.id), row.run): Status(row.status) for row in written
            }
            kept = [_attempt_values(by_run[UUID(row.id), row.run], row) for row in written]
            if attempts := [_json_row(each) for each in kept if each is not None]:
                await connection.execute(self._attempts, {"rows": json_text(attempts)})
            ended = Counter((by_run[run].queue, status) for run, status in recorded.items())
            for queue in sorted({queue for queue, _ in ended}):
                counts = {
                    "completed": ended[queue, Status.SUCCESS],
                    "failed": ended[queue, Status.FAILED],
                    "cancelled": ended[queue, Status.CANCELLED],
                }
                if any(counts.values()):
                    await connection.execute(
                        self._count, {"queue": queue, "shard": self._shard, **counts}
                    )
        return recorded

    async def record_progress(
        self, connection: AsyncConnection, reports: Sequence[Progress], *, now: datetime
    ) -> None:
        """See :class:`Batches`."""
        rows = [
            {"id": task_id, "run": run, "progress": percent, "message": message}
            for task_id, run, percent, message in reports
        ]
        await connection.execute(self._progress, {"rows": json_text(rows), "now": sqlite_time(now)})

    async def save_checkpoints(
        self, connection: AsyncConnection, checkpoints: Sequence[Checkpoint], *, now: datetime
    ) -> set[CheckpointKey]:
        """See :class:`Batches`."""
        values = {"rows": json_text(checkpoints), "now": sqlite_time(now)}
        return _keys(await connection.execute(self._checkpoints, values))


def batches_for(dialect: str, *, shard: int) -> Batches:
    """The batch statements of ``dialect``; see :class:`Batches` for ``shard``."""
    return SqliteBatches(shard) if dialect == "sqlite" else PostgresqlBatches(shard)


def _columns(rows: Sequence[msgspec.Struct], fields: Sequence[str]) -> dict[str, list[Any]]:
    """The rows, column by column.

    A column with nothing in it is an empty one, which ``unnest`` fills up: what no row makes use of
    is not worth being written down for each.
    """
    columns = {field: [getattr(row, field) for row in rows] for field in fields}
    nothing = [None] * len(rows)
    return {field: [] if column == nothing else column for field, column in columns.items()}


def _outcome_values(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "id": outcome.id,
        "run": outcome.run,
        "attempt": outcome.attempt,
        "status": outcome.status.value,
        "result": outcome.result,
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "error_type": error.type if error else None,
        "traceback": outcome.traceback,
        "refund": 0 if outcome.spends_attempt else 1,
        "ran": outcome.ran,
        "run_at": outcome.run_at,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
    }


def _attempt_values(outcome: Outcome, row: Row[Any]) -> dict[str, Any] | None:
    """What is kept of a run beside its outcome, as it was written to the task's ``row``."""
    stopped = row.status in {Status.CANCELLED, Status.FAILED}
    if row.error_code is None or not (outcome.spends_attempt or stopped):
        return None
    values = _outcome_values(outcome)
    values["attempt"] -= values["refund"]
    if outcome.error is None:
        values |= {
            "error_code": row.error_code,
            "error_message": row.error_message,
            "error_type": "",
        }
    return values


def _json_row(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: sqlite_time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _keys(rows: Iterable[Row[Any]]) -> set[CheckpointKey]:
    return {(row.task_id, row.run, row.name) for row in rows}
