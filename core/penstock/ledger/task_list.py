"""Lists of tasks, newest first.

Each page does a bounded amount of work. What no index knows (the text of an error, a user's tasks
of one type) is looked for in a *window*: all ids down to one above which no line of an index has
more than some number of rows. Windows grow until the page is full, or as many rows were looked at
as one page may cost; then it is a short one, and the next goes on from there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.records import Failure, Status, TaskSummary
from penstock.ledger.task_filter import TaskFilter, TaskPage
from penstock.ledger.task_lines import floor, lines_of, plan_for_values, rows, values_of
from penstock.ledger.types import first_id_of

_FIRST_ID = UUID(int=0)
_LAST_ID = UUID(int=(1 << 128) - 1)
_MOST_LOOKED_AT = 12_000
_GROWTH = 8


class TaskList:
    """Looks for tasks.

    Args:
        database: the ledger's.
        most_looked_at: how many rows one page may look at, about.
    """

    def __init__(self, database: Database, *, most_looked_at: int = _MOST_LOOKED_AT) -> None:
        self._database = database
        self._most = most_looked_at

    @repeated_if_cut
    async def page(self, wanted: TaskFilter, *, before: UUID | None, limit: int) -> TaskPage:
        """The newest tasks that somebody asks for.

        Args:
            wanted: which ones.
            before: only tasks with smaller ids: the ``next`` of the page before.
            limit: how many at most, from 1.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        top = before or _LAST_ID
        if wanted.created_before is not None:
            top = min(top, first_id_of(wanted.created_before))
        bottom = _FIRST_ID if wanted.created_after is None else first_id_of(wanted.created_after)
        lines, values, found = lines_of(wanted), values_of(wanted), list[TaskSummary]()
        if not lines:
            return TaskPage(tasks=found, next=None)
        ends, tasks = floor(lines), rows(lines, dialect=self._database.dialect)
        size, looked_at = limit + 1, 0
        async with self._database.read("list tasks") as connection:
            await plan_for_values(connection)
            while True:
                window = {**values, "top": top, "bottom": bottom, "beyond": size - 1}
                end = (await connection.execute(ends, window)).one_or_none()
                if end is None:
                    return TaskPage(tasks=found, next=None)
                window = {**values, "top": top, "bottom": end.id or bottom}
                window["limit"] = limit + 1 - len(found)
                found += [_summary(row) for row in await connection.execute(tasks, window)]
                if len(found) > limit:
                    return TaskPage(tasks=found[:limit], next=found[limit - 1].id)
                if end.id is None:
                    return TaskPage(tasks=found, next=None)
                top = end.id
                looked_at += size * end.lines
                size = min(size * _GROWTH, (self._most - looked_at) // end.lines)
                if size < 1:
                    return TaskPage(tasks=found, next=top)


def _summary(row: Row[Any]) -> TaskSummary:
    values = dict(row._mapping)  # noqa: SLF001  (its public name)
    code, message, kind = (values.pop(f"error_{name}") for name in ("code", "message", "type"))
    error = None if code is None else Failure(code, message or "", kind or "")
    return TaskSummary(**{**values, "status": Status(row.status), "error": error})
