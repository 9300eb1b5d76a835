"""What handlers logged by ``ctx.log``: a row for each line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.models import TaskLogRow
from penstock.ledger.queries import query
from penstock.ledger.records import json_text
from penstock.ledger.types import sqlite_time


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a task's log. Ids sort by time; ``fields`` is the JSON of an object.

    ``size`` is in bytes: that of the message and of the fields.
    """

    task_id: UUID
    id: UUID
    run: int
    at: datetime
    level: str
    message: str
    fields: msgspec.Raw
    size: int


class LogSize(msgspec.Struct, frozen=True):
    """How much of a task's log is kept."""

    lines: int = 0
    bytes: int = 0


class TaskLog:
    """Reads and writes of ``task_log``.

    Every method raises :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away, and is safe to repeat.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = query(database.dialect, "insert_log_lines")

    @repeated_if_cut
    async def add(self, lines: Sequence[LogLine]) -> None:
        """Keep lines; those of tasks that are gone, or are kept already, are left out."""
        async with self._database.statement("keep log lines") as connection:
            await connection.execute(self._insert, self._values(lines))

    def _values(self, lines: Sequence[LogLine]) -> dict[str, Any]:
        rows = [
            {**msgspec.structs.asdict(each), "fields": bytes(each.fields).decode()}
            for each in lines
        ]
        if self._database.dialect == "sqlite":
            return {"rows": json_text([{**row, "at": sqlite_time(row["at"])} for row in rows])}
        return {field: [row[field] for row in rows] for field in LogLine.__struct_fields__}

    @repeated_if_cut
    async def sizes(self, task_ids: Sequence[UUID]) -> dict[UUID, LogSize]:
        """How much is kept of the logs of tasks; nothing of those that have none."""
        statement = (
            select(
                TaskLogRow.task_id,
                func.count().label("lines"),
                func.sum(TaskLogRow.size).label("bytes"),
            )
            .where(TaskLogRow.task_id.in_(task_ids))
            .group_by(TaskLogRow.task_id)
        )
        async with self._database.read("measure task logs") as connection:
            rows = (await connection.execute(statement)).all()
        return {row.task_id: LogSize(row.lines, int(row.bytes)) for row in rows}

    @repeated_if_cut
    async def page(self, task_id: UUID, *, after: UUID | None, limit: int) -> list[LogLine]:
        """The next lines of a task, oldest first.

        Args:
            task_id: which one.
            after: the id of the last line that was seen.
            limit: how many at most.
        """
        table = TaskLogRow.__table__
        statement = (
            select(table).where(table.c.task_id == task_id).order_by(table.c.id).limit(limit)
        )
        if after is not None:
            statement = statement.where(table.c.id > after)
        async with self._database.read("read a task's log") as connection:
            rows = (await connection.execute(statement)).all()
        return [
            LogLine(
                **{
                    **row._mapping,  # noqa: SLF001  (its public name)
                    "fields": msgspec.Raw(row.fields.encode()),
                }
            )
            for row in rows
        ]
