"""Schedules fire once per instant, however many processes there are, whatever becomes of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from penstock import Schedule
from penstock.declarations import Misfire
from penstock.dispatch import (
    InvalidInputError,
    PolicyWatch,
    ScheduleControl,
    ScheduleDeclaredError,
    ScheduleExistsError,
    Scheduler,
    Submission,
    UnknownScheduleError,
)
from penstock.dispatch.declared_schedules import DeclaredSchedules
from penstock.dispatch.firings import task_id_of
from penstock.ledger import LedgerUnavailableError, NewTask
from penstock.ledger.schedules import Firing, ScheduleRecord, Schedules, ScheduleTerms
from penstock.plugins import Catalogue, Plugin
from tests.integration.dispatch.conftest import ACME, Build, Installation, audit_of, resize, until

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INPUT = '{"source":"x","width":1}'


def terms(**said: Any) -> ScheduleTerms:
    values: dict[str, Any] = {
        "type": "acme.resize",
        "input": INPUT,
        "cron": None,
        "every": MINUTE,
        "timezone": "UTC",
        "misfire": "skip",
        "misfire_grace": MINUTE,
        "priority": 5,
        "user_id": None,
    }
    return ScheduleTerms(**(values | said))


class Clock:
    """Time under control."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def scheduler(installation: Installation, clock: Callable[[], datetime]) -> Scheduler:
    return Scheduler(
        schedules=Schedules(installation.ledger.database),
        dispatch=installation.dispatch,
        policies=installation.policies,
        clock=clock,
    )


def control(installation: Installation) -> ScheduleControl:
    return ScheduleControl(
        schedules=Schedules(installation.ledger.database),
        dispatch=installation.dispatch,
        policies=installation.policies,
        engine=installation.engine,
    )


async def add(
    installation: Installation,
    *,
    name: str = "acme.tick",
    next_run_at: datetime = NOON,
    **said: Any,
) -> ScheduleRecord:
    record = ScheduleRecord(
        id=uuid7(),
        name=name,
        source="api",
        terms=terms(**said),
        next_run_at=next_run_at,
        created_by="test",
        created_at=NOON,
        updated_at=NOON,
    )
    assert await Schedules(installation.ledger.database).add(record)
    return record


async def stored(installation: Installation, name: str = "acme.tick") -> ScheduleRecord:
    found = await Schedules(installation.ledger.database).find(name)
    assert found is not None
    return found


async def tasks(installation: Installation) -> list[tuple[str, datetime]]:
    """Id and instant of all tasks, by instant."""
    statement = "SELECT id, run_at FROM task ORDER BY run_at"
    async with installation.ledger.database.read("look") as connection:
        rows = (await connection.execute(text(statement))).all()
    return [
        (
            str(row.id),
            row.run_at
            if isinstance(row.run_at, datetime)
            else datetime.fromisoformat(row.run_at).replace(tzinfo=UTC),
        )
        for row in rows
    ]


async def instants(installation: Installation) -> list[datetime]:
    return [each for _, each in await tasks(installation)]


# -- firing --------------------------------------------------------------------------------------


async def test_an_instant_makes_a_task_and_hands_it_over(installation: Installation) -> None:
    await installation.builder.build("acme")
    record = await add(installation, priority=10, user_id="ada")

    following = await scheduler(installation, Clock(NOON + timedelta(seconds=1))).fire()

    assert following == NOON + MINUTE
    ((task_id, run_at),) = await tasks(installation)
    assert (UUID(task_id), run_at) == (task_id_of(record.id, NOON), NOON)
    found = await installation.dispatch.find(UUID(task_id))
    assert found is not None
    assert (found.type, bytes(found.input).decode()) == ("acme.resize", INPUT)
    assert (found.priority, found.user_id) == (10, "ada")
    after = await stored(installation)
    assert (after.last_run_at, after.last_task_id) == (NOON, found.id)
    assert (after.next_run_at, after.problem) == (NOON + MINUTE, None)

    async def is_in_line() -> bool:
        return (await installation.counts()).waiting == 1

    await until(is_in_line)


async def test_before_its_instant_nothing_happens(installation: Installation) -> None:
    await add(installation)

    assert await scheduler(installation, Clock(NOON - timedelta(seconds=1))).fire() == NOON
    assert await tasks(installation) == []


async def test_of_many_schedulers_at_one_instant_one_makes_the_task(build: Build) -> None:
    installations = [build() for _ in range(5)]
    for number in range(20):
        await add(installations[0], name=f"acme.tick{number}")

    clock = Clock(NOON + timedelta(seconds=1))
    await asyncio.gather(*(scheduler(each, clock).fire() for each in installations))

    assert await instants(installations[0]) == [NOON] * 20


async def test_who_read_a_schedule_before_it_moved_on_changes_nothing(
    installation: Installation,
) -> None:
    """Not even if it would make another task of the same instant."""
    record = await add(installation)
    schedules = Schedules(installation.ledger.database)
    stale = Firing(
        schedule=record.id,
        instant=NOON,
        next_run_at=NOON + MINUTE,
        tasks=[await installation.dispatch.prepare(Submission("acme.resize", INPUT))],
    )
    await scheduler(installation, Clock(NOON + 3 * MINUTE)).fire()
    before = await stored(installation)

    assert await schedules.fire([stale]) == []

    assert await stored(installation) == before
    assert stale.tasks[0].id not in [UUID(each) for each, _ in await tasks(installation)]


async def test_two_schedulers_and_a_restart_fire_each_instant_once(build: Build) -> None:
    """The real thing, shortened: 24 instants, 0.1 s apart, and one of the two goes and comes."""
    first, second = build(), build()
    await first.builder.build("acme")
    every = timedelta(milliseconds=100)
    start = terms(every=every).recurrence.next_after(datetime.now(UTC))
    await add(first, every=every, next_run_at=start)

    def now() -> datetime:
        return datetime.now(UTC)

    one, other = scheduler(first, now), scheduler(second, now)

    async def fired(number: int) -> None:
        async def have_fired() -> bool:
            return len(await tasks(first)) >= number

        await until(have_fired)

    one.start()
    other.start()
    await fired(8)
    await one.stop()
    await fired(12)
    again = scheduler(first, now)
    again.start()
    await fired(16)
    await other.stop()
    await fired(24)
    await again.stop()

    found = await tasks(first)
    assert [each for _, each in found] == [start + number * every for number in range(len(found))]
    assert len({each for each, _ in found}) == len(found)


async def test_a_crash_before_the_commit_leaves_the_instant_to_another_one(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = build(), build()
    await add(broken)
    clock = Clock(NOON + timedelta(seconds=1))
    crashing = scheduler(broken, clock)

    async def crash(*_: object) -> None:
        raise ConnectionResetError("gone")

    monkeypatch.setattr(crashing._schedules._batches, "insert_tasks", crash)
    with pytest.raises(LedgerUnavailableError):
        await crashing.fire()
    assert await tasks(broken) == []

    await scheduler(fine, clock).fire()

    assert await instants(fine) == [NOON]


async def test_a_crash_after_the_commit_is_mended_by_the_audit(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing, other = build(), build()
    await crashing.builder.build("acme")
    moment = datetime.now(UTC) - timedelta(seconds=30)
    await add(crashing, next_run_at=moment, every=timedelta(hours=1))

    def crash(_: NewTask) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(crashing.dispatch, "hand_over", crash)
    with pytest.raises(asyncio.CancelledError):
        await scheduler(crashing, Clock(moment)).fire()
    assert (await crashing.counts()).waiting == 0

    quick = audit_of(other, ["acme"], lease=timedelta(milliseconds=100))

    async def is_found() -> bool:
        await quick.accepted()
        return (await other.counts()).waiting == 1

    await until(is_found)
    await scheduler(other, Clock(moment)).fire()
    assert await instants(other) == [moment]


# -- missed instants -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", [NOON + 10 * MINUTE, NOON + 11 * MINUTE]),
        ("run_once", [NOON, NOON + 10 * MINUTE, NOON + 11 * MINUTE]),
    ],
)
async def test_after_an_outage_the_rule_for_missed_instants_counts(
    installation: Installation, misfire: Misfire, expected: list[datetime]
) -> None:
    await add(installation, misfire=misfire)

    await scheduler(installation, Clock(NOON + 11 * MINUTE)).fire()

    assert await instants(installation) == expected
    found = await stored(installation)
    assert found.next_run_at == NOON + 12 * MINUTE
    assert found.problem is not None
    assert "2026-11-02 12:00:00 UTC" in found.problem


async def test_many_late_instants_are_made_up_for_in_bounded_batches(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.scheduler._MOST_INSTANTS", 3)
    await add(installation, misfire_grace=timedelta(hours=1))

    await scheduler(installation, Clock(NOON + 10 * MINUTE)).fire()

    assert await instants(installation) == [NOON + each * MINUTE for each in range(11)]


async def test_clocks_that_change_neither_lose_nor_double_a_daily_task(
    installation: Installation,
) -> None:
    for name, begin in (("spring", datetime(2026, 3, 27, 20, tzinfo=UTC)),
                        ("autumn", datetime(2026, 10, 23, 20, tzinfo=UTC))):  # fmt: skip
        daily = terms(every=None, cron="30 2 * * *", timezone="Europe/Zurich").recurrence
        await add(
            installation,
            name=name,
            next_run_at=daily.next_after(begin),
            every=None,
            cron="30 2 * * *",
            timezone="Europe/Zurich",
        )
        clock = Clock(begin)
        due = scheduler(installation, clock)
        for _ in range(4 * 48):
            clock.now += timedelta(minutes=30)
            await due.fire()
        await control(installation).delete(name)

    assert [f"{each:%m-%d %H:%M}" for each in await instants(installation)] == [
        "03-28 01:30",
        "03-29 01:00",
        "03-30 00:30",
        "03-31 00:30",
        "10-24 00:30",
        "10-25 00:30",
        "10-26 01:30",
        "10-27 01:30",
    ]


# -- what cannot fire ----------------------------------------------------------------------------


async def test_a_type_that_is_not_installed_here_is_left_to_others(
    build: Build, installation: Installation
) -> None:
    await add(installation, type="later.task")
    await add(installation, name="acme.other")

    await scheduler(installation, Clock(NOON)).fire()

    assert (await stored(installation)).next_run_at == NOON
    assert await instants(installation) == [NOON]


async def test_a_task_that_cannot_be_submitted_is_noted_and_the_schedule_goes_on(
    installation: Installation,
) -> None:
    await add(installation, input='{"source":5}')
    await add(installation, name="acme.fine")

    await scheduler(installation, Clock(NOON)).fire()

    found = await stored(installation)
    assert found.problem is not None
    assert "Expected `str`, got `int`" in found.problem
    assert found.next_run_at == NOON + MINUTE
    assert await instants(installation) == [NOON]


async def test_a_function_of_a_plugin_that_fails_keeps_no_other_schedule_from_firing(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    await add(installation, type="acme.paint", input='{"wall":"blue"}')
    await add(installation, name="acme.fine")

    await scheduler(installation, Clock(NOON)).fire()

    found = await stored(installation)
    assert found.problem == "its task could not be made: KeyError('painter')"
    assert found.next_run_at == NOON + MINUTE
    assert await instants(installation) == [NOON]
    assert 'return colours["painter"]' in caplog.text


async def test_a_full_queue_takes_no_task_by_schedule_either(build: Build) -> None:
    full = build(tuning={"acme": {"max_waiting": 1}})
    await full.builder.build("acme")
    await add(full)
    clock = Clock(NOON)
    due = scheduler(full, clock)
    await due.fire()
    clock.now += MINUTE

    async def is_in_line() -> bool:
        return (await full.counts()).waiting == 1

    await until(is_in_line)
    await asyncio.sleep(0.15)  # counts are used for a tenth of a second
    await due.fire()

    assert await instants(full) == [NOON]
    assert "is full" in ((await stored(full)).problem or "")


async def test_one_task_that_the_database_refuses_keeps_no_other_from_being_made(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("acme.bad", "acme.fine", "acme.good"):
        await add(installation, name=name, user_id=name)
    due = scheduler(installation, Clock(NOON))
    insert = due._schedules._batches.insert_tasks

    async def refuse(connection: Any, rows: list[NewTask]) -> None:
        if any(each.user_id == "acme.bad" for each in rows):
            raise IntegrityError("INSERT", {}, ValueError("a value too strange"))
        await insert(connection, rows)

    monkeypatch.setattr(due._schedules._batches, "insert_tasks", refuse)
    await due.fire()

    assert await instants(installation) == [NOON, NOON]
    assert "a value too strange" in ((await stored(installation, "acme.bad")).problem or "")


# -- an operator ---------------------------------------------------------------------------------


async def test_a_paused_schedule_makes_no_task_then_or_later(installation: Installation) -> None:
    schedules = control(installation)
    await schedules.create("acme.tick", terms(), by="ada")
    paused = await schedules.pause("acme.tick", by="ada")
    clock = Clock(paused.next_run_at + 5 * MINUTE)
    due = scheduler(installation, clock)

    assert await due.fire() is None
    resumed = await schedules.resume("acme.tick", by="ada")
    clock.now = resumed.next_run_at
    await due.fire()

    assert paused.paused_by == "ada"
    assert resumed.paused_by is None
    assert await instants(installation) == [resumed.next_run_at]


async def test_who_pauses_in_the_middle_of_a_firing_is_heard(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(installation)
    prepare = installation.dispatch.prepare

    async def pause_and_prepare(submission: Any) -> NewTask:
        await control(installation).pause("acme.tick", by="ada")
        return await prepare(submission)

    monkeypatch.setattr(installation.dispatch, "prepare", pause_and_prepare)
    await scheduler(installation, Clock(NOON)).fire()

    assert await tasks(installation) == []


async def test_run_now_makes_a_task_and_leaves_the_instants_as_they_are(
    installation: Installation,
) -> None:
    schedules = control(installation)
    before = await schedules.create("acme.tick", terms(), by="ada")
    await schedules.pause("acme.tick", by="ada")

    record = await schedules.run("acme.tick")

    found = await schedules.show("acme.tick")
    assert (found.last_task_id, found.next_run_at) == (record.id, before.next_run_at)


async def test_run_now_makes_a_task_though_another_of_its_kind_is_open(
    installation: Installation,
) -> None:
    schedules = control(installation)
    await schedules.create("acme.tick", terms(type="acme.sweep", input='"hall"'), by="ada")
    waiting = await installation.dispatch.submit(Submission("acme.sweep", '"hall"'))

    records = [await schedules.run("acme.tick") for _ in range(2)]

    assert len({waiting.id, *(each.id for each in records)}) == 3


async def test_what_cannot_be_made_is_refused(installation: Installation) -> None:
    schedules = control(installation)
    await schedules.create("acme.tick", terms(), by="ada")

    with pytest.raises(ScheduleExistsError, match=r"'acme.tick' already"):
        await schedules.create("acme.tick", terms(), by="ada")
    with pytest.raises(InvalidInputError, match="width"):
        await schedules.create("acme.tock", terms(input='{"source":"x","width":"y"}'), by="ada")
    with pytest.raises(UnknownScheduleError, match=r"did you mean 'acme.tick'\?"):
        await schedules.pause("acme.tik", by="ada")


async def test_a_replaced_schedule_begins_anew_and_a_deleted_one_is_gone(
    installation: Installation,
) -> None:
    schedules = control(installation)
    await schedules.create("acme.tick", terms(), by="ada")

    changed = await schedules.replace("acme.tick", terms(every=timedelta(hours=1)))
    await schedules.delete("acme.tick")

    assert changed.terms.every == timedelta(hours=1)
    assert changed.next_run_at.minute == 0
    assert await schedules.list() == []


async def test_a_new_schedule_wakes_those_who_sleep(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.scheduler._LONGEST_SLEEP", 60)
    due = scheduler(installation, lambda: datetime.now(UTC))
    watch = PolicyWatch(policies=installation.policies, engine=installation.engine)
    watch.on_news(due.look)
    watch.start()
    due.start()
    await asyncio.sleep(0.3)

    every = timedelta(milliseconds=100)
    await control(installation).create("acme.tick", terms(every=every), by="ada")

    async def has_fired() -> bool:
        return len(await tasks(installation)) > 1

    await until(has_fired)
    await due.stop()
    await watch.stop()


async def test_without_schedules_a_scheduler_sleeps(installation: Installation) -> None:
    due = scheduler(installation, lambda: datetime.now(UTC))
    due.start()
    counts: list[int] = []

    async def sleeps() -> bool:
        counts.append(installation.ledger.database.statements)
        await asyncio.sleep(0.5)
        return counts[0] != counts[-1] == counts[max(-3, -len(counts))]

    await until(sleeps)
    await due.stop()


# -- what plugins declare ------------------------------------------------------------------------


def declared(*schedules: Schedule, version: str = "1", name: str = "acme") -> Catalogue:
    plugin = Plugin(
        name=name,
        distribution=f"penstock-{name}",
        version=version,
        queues=[ACME],
        tasks=[resize],
        schedules=schedules,
    )
    return Catalogue(plugins=[plugin])


def nightly(name: str = "acme.nightly", **said: Any) -> Schedule:
    values: dict[str, Any] = {
        "task": resize,
        "input": json.loads(INPUT),
        "cron": "0 3 * * *",
    }
    return Schedule(name, **(values | said))


@asynccontextmanager
async def nothing_changes(installation: Installation, name: str) -> AsyncIterator[None]:
    before = await stored(installation, name)
    yield
    assert await stored(installation, name) == before


async def test_what_is_declared_is_written_once(installation: Installation) -> None:
    schedules = Schedules(installation.ledger.database)
    writing = DeclaredSchedules(schedules, declared(nightly()))
    await asyncio.gather(*(writing.write(NOON) for _ in range(3)))

    found = await stored(installation, "acme.nightly")
    assert (found.source, found.created_by) == ("plugin:acme", "penstock-acme 1")
    assert found.next_run_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    async with nothing_changes(installation, "acme.nightly"):
        await writing.write(NOON + timedelta(days=3))


async def test_a_change_is_written_and_a_pause_survives_it(installation: Installation) -> None:
    schedules = Schedules(installation.ledger.database)
    await DeclaredSchedules(schedules, declared(nightly())).write(NOON)
    await control(installation).pause("acme.nightly", by="ada")

    await DeclaredSchedules(schedules, declared(nightly(cron="0 4 * * *"))).write(NOON)

    found = await stored(installation, "acme.nightly")
    assert (found.terms.cron, found.paused_by) == ("0 4 * * *", "ada")
    assert found.next_run_at == datetime(2026, 11, 3, 4, tzinfo=UTC)


async def test_another_input_leaves_the_instants_as_they_are(installation: Installation) -> None:
    schedules = Schedules(installation.ledger.database)
    await DeclaredSchedules(schedules, declared(nightly())).write(NOON)

    changed = nightly(input={"source": "other"})
    await DeclaredSchedules(schedules, declared(changed)).write(NOON + timedelta(days=2))

    found = await stored(installation, "acme.nightly")
    assert found.terms.input == '{"source":"other"}'
    assert found.next_run_at == datetime(2026, 11, 3, 3, tzinfo=UTC)


async def test_one_that_is_declared_no_longer_is_shown_and_fires_no_more(
    installation: Installation,
) -> None:
    schedules = Schedules(installation.ledger.database)
    await DeclaredSchedules(schedules, declared(nightly())).write(NOON)
    with pytest.raises(ScheduleDeclaredError, match="plugin:acme declares it"):
        await control(installation).delete("acme.nightly")
    with pytest.raises(ScheduleDeclaredError, match="cannot be changed"):
        await control(installation).replace("acme.nightly", terms())

    await DeclaredSchedules(schedules, declared(version="2")).write(NOON)
    await scheduler(installation, Clock(NOON + timedelta(days=1))).fire()

    found = await stored(installation, "acme.nightly")
    assert found.withdrawn == "penstock-acme 2 declares it no longer"
    assert await tasks(installation) == []

    later = NOON + timedelta(days=3)
    await DeclaredSchedules(schedules, declared(nightly())).write(later)
    found = await stored(installation, "acme.nightly")
    assert (found.withdrawn, found.next_run_at.day) == (None, 6)
    await DeclaredSchedules(schedules, declared(version="3")).write(later)
    await control(installation).delete("acme.nightly")


async def test_those_of_a_plugin_that_is_not_installed_here_are_left_alone(
    installation: Installation,
) -> None:
    schedules = Schedules(installation.ledger.database)
    await DeclaredSchedules(schedules, declared(nightly())).write(NOON)

    async with nothing_changes(installation, "acme.nightly"):
        await DeclaredSchedules(schedules, declared(name="other")).write(NOON)


async def test_a_name_that_somebody_took_by_hand_stays_theirs(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    await add(installation, name="acme.nightly")

    async with nothing_changes(installation, "acme.nightly"):
        schedules = Schedules(installation.ledger.database)
        await DeclaredSchedules(schedules, declared(nightly())).write(NOON)

    assert "there is one of that name already (from api)" in caplog.text
