"""The indexes that lists of tasks are read from, and the statements that read them.

An index has rows in the order of their ids only within one value of each column before the id: such
rows are a *line*. The lines of an index are found by skipping from one value to the next larger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    collate,
    func,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.ledger.models import ENDED, Task
from penstock.ledger.records import Status, TaskSummary
from penstock.ledger.task_filter import TaskFilter

# Building a statement takes longer than running it; there are so many kinds of filters, about.
_STATEMENTS = 256

_OPEN = frozenset({Status.PENDING, Status.RUNNING})
_EXACT = ("queue", "type", "user_id", "parent_id", "batch_id")
_ERROR = ("error_code", "error_message", "error_type")
SUMMARY = (*(name for name in TaskSummary.__struct_fields__ if name != "error"), *_ERROR)
"""The columns of a summary."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of one index that may hold tasks that somebody asks for.

    It says nothing of values: those are parameters of the statements, named after the columns.

    Attributes:
        where: the rows of the index; ``None`` if it has all.
        columns: what stands before the id.
        exact: which columns of the tasks must have a value, those of the index or others.
        status: what their status must be, unless the index says so; none given means any.
        error: whether something must occur in their error.
    """

    where: str | None
    columns: tuple[str, ...]
    exact: tuple[str, ...]
    status: frozenset[Status] = frozenset()
    error: bool = False

    def each(self) -> Subquery | None:
        """The values that make up a line, a row for each; nothing, if all of them are given."""
        values: CTE | None = None
        for column in self.columns:
            if column not in self.exact:
                values = self._next_values(column, values)
        if values is None:
            return None
        found = [each for each in values.c if each.key in self.columns]
        return select(*found).where(found[-1].is_not(None)).subquery()

    def _next_values(self, column: str, outer: CTE | None) -> CTE:
        """All values of ``column`` within those of ``outer``, and a NULL at the end of each."""
        carried = [] if outer is None else [each.key for each in outer.c]

        def smallest(within: CTE | None) -> Any:
            table = _table()
            found = select(func.min(table.c[column])).where(*self._rows())
            for name in self.columns[: self.columns.index(column)]:
                if name in self.exact:
                    found = found.where(table.c[name] == _given(name))
                elif within is not None:
                    found = found.where(table.c[name] == within.c[name])
            if within is not None and column in within.c:
                found = found.where(table.c[column] > within.c[column])
            return found.scalar_subquery().label(column)

        first = select(smallest(outer))
        if outer is not None:
            first = select(*outer.c, smallest(outer)).where(outer.c[carried[-1]].is_not(None))
        values = first.cte(recursive=True)
        after = select(*(values.c[name] for name in carried), smallest(values))
        return values.union_all(after.where(values.c[column].is_not(None)))

    def of(self, line: Subquery | None, table: FromClause) -> Iterator[ColumnElement[bool]]:
        """What is true of rows of ``table`` in ``line``, from ``bottom`` to below ``top``."""
        yield from self._rows()
        for name in self.columns:
            if name in self.exact:
                yield table.c[name] == _given(name)
            elif line is not None:
                yield table.c[name] == line.c[name]
        yield table.c.id < bindparam("top", type_=table.c.id.type)
        yield table.c.id >= bindparam("bottom", type_=table.c.id.type)

    def _rows(self) -> Iterator[ColumnElement[bool]]:
        if self.where is not None:
            # As text: with parameters, PostgreSQL could not tell that this is the index's own.
            yield text(self.where)  # type: ignore[misc]

    def rest(self, table: FromClause, dialect: str) -> Iterator[ColumnElement[bool]]:
        """What must be true of rows beside that, which the index does not know."""
        for name in self.exact:
            if name not in self.columns:
                yield table.c[name] == _given(name)
        if self.status:
            yield table.c.status.in_([each.value for each in sorted(self.status)])
        if self.error:
            yield _occurs(table.c.error_code, dialect) | _occurs(table.c.error_message, dialect)


def lines_of(wanted: TaskFilter) -> tuple[Lines, ...]:
    """Where to look for the tasks that somebody asks for; see :func:`values_of`."""
    exact = tuple(name for name in _EXACT if getattr(wanted, name) is not None)
    lines = partial(Lines, exact=exact, error=wanted.error is not None)
    status = frozenset() if wanted.statuses == frozenset(Status) else wanted.statuses
    for name in ("batch_id", "parent_id"):
        if name in exact:
            return (lines(where=f"{name} IS NOT NULL", columns=(name,), status=status),)
    if not exact and not status:
        return (lines(where=None, columns=()),)
    found = []
    of_user = " AND user_id IS NOT NULL" if "user_id" in exact else ""
    if some := wanted.statuses & _OPEN:
        found.append(
            lines(
                where=f"finished_at IS NULL{of_user}",
                columns=("queue", "user_id" if of_user else "priority"),
                status=frozenset() if some == _OPEN else some,
            )
        )
    found += [
        lines(where=where + of_user, columns=("user_id",) if of_user else ("queue", "type"))
        for ended, where in ENDED.items()
        # What has succeeded has no error.
        if ended in wanted.statuses and not (wanted.error is not None and ended is Status.SUCCESS)
    ]
    return tuple(found)


async def plan_for_values(connection: AsyncConnection) -> None:
    """Have the statements of this transaction planned for the values that they are given.

    A plan for any values expects few rows between any two ids, and may look through all of them by
    the primary key. Planning takes about a millisecond.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def values_of(wanted: TaskFilter) -> dict[str, Any]:
    """The parameters of the statements that read the lines of a filter."""
    values = {name: value for name in _EXACT if (value := getattr(wanted, name)) is not None}
    if wanted.error is not None:
        values["error"] = "".join(each.lower() if each.isascii() else each for each in wanted.error)
    return values


@lru_cache(maxsize=_STATEMENTS)
def floor(lines: tuple[Lines, ...]) -> Select[Any]:
    """How many lines there are (``lines``), and the id of the first one's end (``id``).

    That is the largest of the ids that have ``beyond`` rows of their line above them, below
    ``top``; NULL if no line has so many from ``bottom``.
    """
    ends = []
    for each in lines:
        line, table = each.each(), _table()
        end = (
            select(table.c.id)
            .where(*each.of(line, table))
            .order_by(table.c.id.desc())
            .offset(_number("beyond"))
            .limit(1)
            .scalar_subquery()
            .label("id")
        )
        ends.append(select(end) if line is None else select(end).select_from(line))
    found = union_all(*ends).subquery()
    return (
        select(func.count().over().label("lines"), found.c.id)
        .order_by(found.c.id.desc().nulls_last())
        .limit(1)
    )


@lru_cache(maxsize=_STATEMENTS)
def rows(
    lines: tuple[Lines, ...], *, dialect: str, columns: tuple[str, ...] = SUMMARY
) -> Select[Any]:
    """The newest ``limit`` tasks with ids from ``bottom`` to below ``top``.

    Args:
        lines: where to look.
        dialect: ``postgresql`` or ``sqlite``.
        columns: of the tasks; the id is one.
    """
    parts: list[Select[Any]] = []
    for each in lines:
        line, table = each.each(), _table()
        conditions = and_(*each.of(line, table), *each.rest(table, dialect))
        wanted = [table.c[name] for name in columns]
        if line is not None and dialect == "sqlite":
            # It has no LATERAL, and joins as it is written: for each line, from the index.
            parts.append(select(*wanted).select_from(line.join(table, conditions)))
            continue
        newest = (
            select(*wanted).where(conditions).order_by(table.c.id.desc()).limit(_number("limit"))
        )
        if line is None:
            parts.append(select(newest.subquery()))
        else:
            # Without its LIMIT, PostgreSQL may think that a walk over the whole table is better.
            lateral = newest.lateral()
            parts.append(select(lateral).select_from(line.join(lateral, true())))
    found = union_all(*parts).subquery()
    return select(found).order_by(found.c.id.desc()).limit(_number("limit"))


def _table() -> FromClause:
    return Task.__table__.alias()


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=Task.__table__.c[name].type)


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer())


def _occurs(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    words = bindparam("error", type_=Text())
    if dialect == "sqlite":
        return func.instr(func.lower(column), words) > 0
    # By this collation lower() knows A to Z alone, as SQLite's does.
    return func.strpos(func.lower(collate(column, "C")), words) > 0
