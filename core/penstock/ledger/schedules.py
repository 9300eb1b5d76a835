"""Schedules, and the one transaction by which an instant of theirs becomes a task."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from penstock.declarations import Misfire, Recurrence
from penstock.ledger.batches import batches_for
from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.models import ScheduleRow
from penstock.ledger.records import NewTask

FROM_API = "api"
"""The source of a schedule that somebody created over the API."""
_MICROSECOND = timedelta(microseconds=1)


class ScheduleTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of a schedule: which tasks, and when. ``input`` is a JSON text."""

    type: str
    input: str
    cron: str | None
    every: timedelta | None
    timezone: str
    misfire: Misfire
    misfire_grace: timedelta
    priority: int
    user_id: str | None

    @property
    def recurrence(self) -> Recurrence:
        """Its instants.

        Raises:
            DeclarationError: this version, or this host, cannot keep to them.
        """
        return Recurrence(cron=self.cron, every=self.every, timezone=self.timezone)


class ScheduleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as the ledger has it. Times are in UTC.

    ``source`` is :data:`FROM_API`, or ``plugin:`` with the plugin's name. ``paused_by`` is who
    paused it, if it is; ``withdrawn`` why it fires no more, if its plugin does not declare it any
    more; ``problem`` why there is no task of its last instant, if there is none.
    """

    id: UUID
    name: str
    source: str
    terms: ScheduleTerms
    paused_by: str | None = None
    withdrawn: str | None = None
    problem: str | None = None
    next_run_at: datetime
    last_run_at: datetime | None = None
    last_task_id: UUID | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """Some instants of a schedule that are over.

    ``instant`` is the first of them, the schedule's ``next_run_at`` as it was read;
    ``next_run_at`` is the one after them. ``tasks`` are what they make, ``problem`` why one makes
    none.
    """

    schedule: UUID
    instant: datetime
    next_run_at: datetime
    tasks: Sequence[NewTask]
    problem: str | None = None


class Schedules:
    """Reads and writes of ``schedule``.

    Every method raises :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = batches_for(database.dialect, shard=0)

    @repeated_if_cut
    async def all(self) -> list[ScheduleRecord]:
        """All of them, by name."""
        statement = select(ScheduleRow.__table__).order_by(ScheduleRow.name)
        async with self._database.read("list schedules") as connection:
            return [_record(row) for row in await connection.execute(statement)]

    @repeated_if_cut
    async def find(self, name: str) -> ScheduleRecord | None:
        """The one of that name, if there is one."""
        statement = select(ScheduleRow.__table__).where(ScheduleRow.name == name)
        async with self._database.read("look up a schedule") as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _record(row)

    @repeated_if_cut
    async def active(
        self, types: Collection[str], *, without: Collection[UUID] = (), limit: int
    ) -> list[ScheduleRecord]:
        """Those that fire next, first those that are due.

        Args:
            types: only of these task types.
            without: not these.
            limit: how many at most.
        """
        statement = (
            select(ScheduleRow.__table__)
            .where(
                ScheduleRow.paused_by.is_(None),
                ScheduleRow.withdrawn.is_(None),
                ScheduleRow.type.in_(types),
                ScheduleRow.id.not_in(without),
            )
            .order_by(ScheduleRow.next_run_at)
            .limit(limit)
        )
        async with self._database.read("look what is due by schedule") as connection:
            return [_record(row) for row in await connection.execute(statement)]

    @repeated_if_cut
    async def fire(self, firings: Sequence[Firing]) -> list[NewTask]:
        """Move schedules on, and insert the tasks of the instants that are over.

        In one transaction, and only of those schedules whose next instant is still the one that was
        read: of any number of processes that try one makes the tasks, and a crash leaves all of it
        or nothing.

        Returns:
            The tasks that are there now by this call.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused one of the tasks; nothing was changed.
        """
        now = datetime.now(UTC)
        made: list[NewTask] = []
        async with self._database.write("fire schedules") as connection:
            # In one order, so that two processes never wait for each other.
            for firing in sorted(firings, key=lambda each: each.schedule):
                values: dict[str, Any] = {
                    "next_run_at": firing.next_run_at,
                    "problem": firing.problem,
                    "updated_at": now,
                }
                if firing.tasks:
                    last = firing.tasks[-1]
                    values |= {"last_run_at": last.run_at, "last_task_id": last.id}
                moved = await connection.execute(
                    update(ScheduleRow)
                    .where(
                        ScheduleRow.id == firing.schedule,
                        ScheduleRow.next_run_at == firing.instant,
                        ScheduleRow.paused_by.is_(None),
                        ScheduleRow.withdrawn.is_(None),
                    )
                    .values(values)
                )
                if moved.rowcount:
                    made += firing.tasks
            if made:
                await self._batches.insert_tasks(connection, made)
        return made

    @repeated_if_cut
    async def add(self, record: ScheduleRecord) -> bool:
        """Insert a schedule; returns whether its name was free."""
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        statement = (
            dialect.insert(ScheduleRow)
            .values(_values(record))
            .on_conflict_do_nothing(index_elements=[ScheduleRow.name])
            .returning(ScheduleRow.id)
        )
        async with self._database.write("add a schedule") as connection:
            return (await connection.execute(statement)).first() is not None

    @repeated_if_cut
    async def change(self, schedule: UUID, **values: Any) -> None:
        """Write fields of :class:`ScheduleRecord`; of a schedule that is gone, nothing."""
        terms = values.pop("terms", None)
        if terms is not None:
            values |= _columns(terms)
        statement = (
            update(ScheduleRow)
            .where(ScheduleRow.id == schedule)
            .values({**values, "updated_at": datetime.now(UTC)})
        )
        async with self._database.write("change a schedule") as connection:
            await connection.execute(statement)

    @repeated_if_cut
    async def delete(self, schedule: UUID) -> None:
        """Remove a schedule; the tasks that it made stay."""
        async with self._database.write("delete a schedule") as connection:
            await connection.execute(delete(ScheduleRow).where(ScheduleRow.id == schedule))


def _values(record: ScheduleRecord) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    terms = values.pop("terms")
    return values | _columns(terms)


def _columns(terms: ScheduleTerms) -> dict[str, Any]:
    values = msgspec.structs.asdict(terms)
    every, grace = values.pop("every"), values.pop("misfire_grace")
    values["every_us"] = None if every is None else every // _MICROSECOND
    values["misfire_grace_us"] = grace // _MICROSECOND
    return values


def _record(row: Row[Any]) -> ScheduleRecord:
    values = dict(row._mapping)  # noqa: SLF001  (its public name)
    every, grace = values.pop("every_us"), values.pop("misfire_grace_us")
    values["every"] = None if every is None else timedelta(microseconds=every)
    values["misfire_grace"] = timedelta(microseconds=grace)
    terms = {name: values.pop(name) for name in ScheduleTerms.__struct_fields__}
    return ScheduleRecord(**values, terms=ScheduleTerms(**terms))
