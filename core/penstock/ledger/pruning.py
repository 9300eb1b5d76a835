"""Removing ended tasks, a bounded number at a time.

A task goes with its attempts, checkpoints and artifacts, in one transaction, which also notes the
files of those: their bytes are deleted after the commit, and then the note. So nobody ever reads a
row whose bytes are gone, and after a crash the notes say which bytes are left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.models import ArtifactRow, BatchRow, DiscardedFile, Task
from penstock.ledger.records import Status
from penstock.ledger.task_filter import TaskFilter
from penstock.ledger.task_lines import floor, lines_of, plan_for_values, rows
from penstock.ledger.types import Instant, first_id_of

_FIRST_ID = UUID(int=0)
_LINES = 16
_COLUMNS = ("id", "finished_at", "parent_id", "batch_id")


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What one step found: how many tasks, which files, and below which id the next one begins."""

    tasks: int = 0
    files: list[UUID] = []
    next: UUID | None = None


class Pruning:
    """The statements of it.

    Every method raises :class:`~penstock.ledger.LedgerUnavailableError` if the database is away.

    Args:
        database: the ledger's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # How many lines the index had when it was last read.
        self._lines = _LINES

    @repeated_if_cut
    async def step(
        self,
        status: Status,
        *,
        ended_before: datetime,
        top: UUID | None,
        size: int,
        dry: bool = False,
    ) -> Pruned:
        """Remove some tasks that ended so, before that: about ``size`` of them at most.

        Those stay that somebody may still ask for: what is counted in a batch that has not ended,
        and what a task submitted that may run again, which would submit it once more.

        Args:
            status: a terminal one.
            ended_before: when they ended.
            top: only tasks with smaller ids, from the step before.
            size: how many rows to look at, about.
            dry: only count them.
        """
        lines = lines_of(TaskFilter(status=frozenset({status})))
        # What ended before that was created before that.
        top = min(top or first_id_of(ended_before), first_id_of(ended_before))
        async with self._database.read("look for tasks to remove") as connection:
            await plan_for_values(connection)
            each = max(1, size // self._lines)
            window = {"top": top, "bottom": _FIRST_ID, "beyond": each - 1}
            end = (await connection.execute(floor(lines), window)).one_or_none()
            if end is None:
                return Pruned()
            self._lines = end.lines
            statement = rows(lines, dialect=self._database.dialect, columns=_COLUMNS)
            window = {"top": top, "bottom": end.id or _FIRST_ID, "limit": each * end.lines}
            found = (await connection.execute(statement, window)).all()
            old = [row for row in found if row.finished_at < ended_before]
            needed = await self._needed(connection, old)
        ids = [row.id for row in old if not needed & {row.parent_id, row.batch_id}]
        if dry or not ids:
            return Pruned(tasks=len(ids), next=end.id)
        gone, files = await self._remove(ids, status)
        return Pruned(tasks=gone, files=files, next=end.id)

    async def _needed(
        self, connection: AsyncConnection, old: Sequence[Row[Any]]
    ) -> set[UUID | None]:
        """The parents that may run again and the batches that have open tasks."""
        needed: set[UUID | None] = set()
        if parents := {row.parent_id for row in old} - {None}:
            repeatable = select(Task.id).where(Task.id.in_(parents), Task.status != Status.SUCCESS)
            needed |= set((await connection.execute(repeatable)).scalars())
        if batches := {row.batch_id for row in old} - {None}:
            unfinished = select(BatchRow.id).where(
                BatchRow.id.in_(batches), BatchRow.finished_at.is_(None)
            )
            needed |= set((await connection.execute(unfinished)).scalars())
        return needed

    async def _remove(self, ids: Sequence[UUID], status: Status) -> tuple[int, list[UUID]]:
        """Remove those of ``ids`` that are still so; how many, and the files that they had."""
        free = (
            select(Task.id)
            .where(Task.id.in_(ids), Task.status == status)
            # What is locked is just being changed: by another process like this, or by a retry.
            .with_for_update(skip_locked=True)
        )
        async with self._database.write("remove old tasks") as connection:
            free_ids = list((await connection.execute(free)).scalars())
            if not free_ids:
                return 0, []
            now = literal(datetime.now(UTC), Instant())
            theirs = select(ArtifactRow.id, now).where(ArtifactRow.task_id.in_(free_ids))
            note = insert(DiscardedFile).from_select(["artifact_id", "discarded_at"], theirs)
            files = (await connection.execute(note.returning(DiscardedFile.artifact_id))).scalars()
            found = list(files)
            await connection.execute(delete(Task).where(Task.id.in_(free_ids)))
        return len(free_ids), found

    @repeated_if_cut
    async def discarded(self, *, after: UUID | None, limit: int) -> list[UUID]:
        """Files whose bytes are yet to be deleted, by id."""
        statement = (
            select(DiscardedFile.artifact_id)
            .where(DiscardedFile.artifact_id > (after or _FIRST_ID))
            .order_by(DiscardedFile.artifact_id)
            .limit(limit)
        )
        async with self._database.read("look for files to delete") as connection:
            return list((await connection.execute(statement)).scalars())

    @repeated_if_cut
    async def forget(self, files: Sequence[UUID]) -> None:
        """The bytes of these files are deleted."""
        done = delete(DiscardedFile).where(DiscardedFile.artifact_id.in_(files))
        async with self._database.write("forget deleted files") as connection:
            await connection.execute(done)
