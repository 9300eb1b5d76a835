"""The indexes that lists of tasks are read from, and the statements that read them.

An index has rows in the order of their ids only within one value of each column before the id: such
rows are a *line*. The lines of an index are found by skipping from one value to the next larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Alias,
    ColumnElement,
    Select,
    Subquery,
    and_,
    collate,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from penstock.ledger.models import ENDED, Task
from penstock.ledger.records import Status, TaskSummary
from penstock.ledger.task_filter import TaskFilter

Table = Alias | CTE

_OPEN = frozenset({Status.PENDING, Status.RUNNING})
_EXACT = ("queue", "type", "user_id", "parent_id", "batch_id")
_ERROR = ("error_code", "error_message", "error_type")
SUMMARY = (*(name for name in TaskSummary.__struct_fields__ if name != "error"), *_ERROR)
"""The columns of a summary."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of one index that may hold tasks that somebody asks for.

    Attributes:
        where: the rows of the index; ``None`` if it has all.
        columns: what stands before the id.
        exact: values that columns of the tasks must have, those of the index or others.
        status: what their status must be, unless the index says so; none given means any.
        error: what must occur in their error, in lower case.
    """

    where: str | None
    columns: tuple[str, ...]
    exact: Mapping[str, Any]
    status: frozenset[Status] = frozenset()
    error: str | None = None

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
            table = Task.__table__.alias()
            found = select(func.min(table.c[column])).where(*self._rows(table))
            for name in self.columns[: self.columns.index(column)]:
                if name in self.exact:
                    found = found.where(table.c[name] == self.exact[name])
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

    def of(self, line: Subquery | None, table: Table) -> Iterator[ColumnElement[bool]]:
        """What is true of the rows of ``table`` that are in ``line``."""
        yield from self._rows(table)
        for name in self.columns:
            if name in self.exact:
                yield table.c[name] == self.exact[name]
            elif line is not None:
                yield table.c[name] == line.c[name]

    def _rows(self, _: Table) -> Iterator[ColumnElement[bool]]:
        if self.where is not None:
            # As text: with parameters, PostgreSQL could not tell that this is the index's own.
            yield text(self.where)  # type: ignore[misc]

    def rest(self, table: Table, dialect: str) -> Iterator[ColumnElement[bool]]:
        """What must be true of rows beside that, which the index does not know."""
        for name, value in self.exact.items():
            if name not in self.columns:
                yield table.c[name] == value
        if self.status:
            yield table.c.status.in_(sorted(self.status))
        if self.error is not None:
            occurs = partial(_occurs, self.error, dialect=dialect)
            yield or_(occurs(table.c.error_code), occurs(table.c.error_message))


def lines_of(wanted: TaskFilter) -> list[Lines]:
    """Where to look for the tasks that somebody asks for."""
    exact = {name: value for name in _EXACT if (value := getattr(wanted, name)) is not None}
    error = None if wanted.error is None else _lowered(wanted.error)
    lines = partial(Lines, exact=exact, error=error)
    for name in ("batch_id", "parent_id"):
        if name in exact:
            return [lines(where=f"{name} IS NOT NULL", columns=(name,), status=_unless_all(wanted))]
    if not exact and not _unless_all(wanted):
        return [lines(where=None, columns=())]
    by_user = wanted.user_id is not None
    found = []
    if wanted.statuses & _OPEN:
        some = wanted.statuses & _OPEN
        where = "finished_at IS NULL" + (" AND user_id IS NOT NULL" if by_user else "")
        columns = ("queue", "user_id") if by_user else ("queue", "priority")
        status = frozenset() if some == _OPEN else some
        found.append(lines(where=where, columns=columns, status=status))
    for status, where in ENDED.items():
        if status not in wanted.statuses or (error is not None and status is Status.SUCCESS):
            continue
        if by_user:
            theirs = f"{where} AND user_id IS NOT NULL"
            found.append(lines(where=theirs, columns=("user_id",)))
        else:
            found.append(lines(where=where, columns=("queue", "type")))
    return found


def floor(lines: Sequence[Lines], *, top: UUID, bottom: UUID, size: int) -> Select[Any]:
    """How many lines there are (``lines``), and the id of the first one's end (``id``).

    That is the largest of the ids that have ``size`` rows of their line from there up to below
    ``top``; NULL if no line has so many from ``bottom``.
    """
    ends = []
    for each in lines:
        line, table = each.each(), Task.__table__.alias()
        end = (
            select(table.c.id)
            .where(*each.of(line, table), table.c.id < top, table.c.id >= bottom)
            .order_by(table.c.id.desc())
            .offset(size - 1)
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


def rows(
    lines: Sequence[Lines],
    *,
    top: UUID,
    bottom: UUID,
    limit: int,
    dialect: str,
    columns: Sequence[str] = SUMMARY,
) -> Select[Any]:
    """The newest tasks with ids from ``bottom`` to below ``top``; ``columns`` include the id."""
    parts: list[Select[Any]] = []
    for each in lines:
        line, table = each.each(), Task.__table__.alias()
        conditions = and_(
            *each.of(line, table),
            table.c.id < top,
            table.c.id >= bottom,
            *each.rest(table, dialect),
        )
        wanted = [table.c[name] for name in columns]
        if line is not None and dialect == "sqlite":
            # It has no LATERAL, and joins as it is written: for each line, from the index.
            parts.append(select(*wanted).select_from(line.join(table, conditions)))
            continue
        newest = select(*wanted).where(conditions).order_by(table.c.id.desc()).limit(limit)
        if line is None:
            parts.append(select(newest.subquery()))
        else:
            # Without its LIMIT, PostgreSQL may think that a walk over the whole table is better.
            lateral = newest.lateral()
            parts.append(select(lateral).select_from(line.join(lateral, true())))
    found = union_all(*parts).subquery()
    return select(found).order_by(found.c.id.desc()).limit(limit)


def _unless_all(wanted: TaskFilter) -> frozenset[Status]:
    return frozenset() if wanted.statuses == frozenset(Status) else wanted.statuses


def _occurs(words: str, column: ColumnElement[Any], *, dialect: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        return func.instr(func.lower(column), words) > 0
    # By this collation lower() knows A to Z alone, as SQLite's does.
    return func.strpos(func.lower(collate(column, "C")), literal(words)) > 0


def _lowered(words: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in words)
