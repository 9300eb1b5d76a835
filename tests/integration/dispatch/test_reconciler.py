"""The engine's index is rebuilt from the ledger, whatever became of it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock.dispatch import audit
from penstock.dispatch.audit import Audit
from penstock.engine import (
    EngineUnavailableError,
    Entry,
    EpochMissingError,
    Heartbeat,
    Lease,
    Member,
)
from penstock.engine.keys import FORMAT, QueueKeys
from penstock.ledger import LedgerUnavailableError, NewTask, OpenTask, Outcome, Status, first_id_of
from tests.integration.dispatch.conftest import ACME, LEASE, Build, Installation, audit_of, until
from tests.integration.engine.conftest import silence
from tests.services.engine_clock import let_pass
from tests.services.gate import pass_gate

# Rows that nobody wrote to for two leases are the audit's candidates.
SETTLED = timedelta(hours=1)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def row(
    *,
    queue: str = "acme",
    age: timedelta = SETTLED,
    priority: int = 5,
    delay: timedelta | None = None,
) -> NewTask:
    now = datetime.now(UTC)
    return NewTask(
        id=uuid7(),
        type="acme.resize",
        queue=queue,
        priority=priority,
        user_id=None,
        input="{}",
        labels=None,
        max_attempts=3,
        created_at=now - age,
        run_at=now + delay if delay else None,
    )


async def accept(installation: Installation, *tasks: NewTask) -> list[UUID]:
    await installation.ledger.accept_all(tasks)
    return [each.id for each in tasks]


async def take(installation: Installation, want: int = 100) -> list[Lease]:
    return list((await installation.engine.claim(ACME, want)).leases)


async def finish(installation: Installation, task: UUID) -> None:
    ((run,), _) = await pass_gate(installation.ledger, task)
    outcome = Outcome(
        id=run.id,
        queue="acme",
        run=run.run,
        attempt=1,
        status=Status.SUCCESS,
        result="1",
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
    )
    await installation.ledger.record([outcome])


async def wipe(installation: Installation, redis: Redis) -> None:
    await redis.delete(*QueueKeys.of(installation.engine.namespace, "acme"))


async def test_a_new_index_is_filled_at_once_with_all_that_is_pending(
    installation: Installation,
) -> None:
    ids = await accept(
        installation,
        row(age=timedelta(0), priority=1),
        row(age=timedelta(0), priority=10),
        row(age=timedelta(0), delay=timedelta(minutes=1)),
    )

    assert await installation.builder.build("acme") == 3

    assert [each.id for each in await take(installation)] == [ids[1], ids[0]]
    assert (await installation.counts()).delayed == 1
    assert await installation.builder.build("acme") is None


async def test_a_new_index_is_filled_with_more_than_one_page(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.index_builder._PAGE", 10)
    await accept(installation, *(row(priority=priority) for priority in (1, 5) for _ in range(20)))

    assert await installation.builder.build("acme") == 40
    assert (await installation.counts()).waiting == 40


async def test_a_builder_that_loses_its_index_opens_no_other(
    installation: Installation, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accept(installation, row())
    enqueue = installation.engine.enqueue

    async def enqueue_and_lose(queue: str, entries: list[Entry], **options: Any) -> int:
        added = await enqueue(queue, entries, **options)
        await wipe(installation, redis)
        assert await installation.engine.begin_index("acme") is not None  # somebody else
        return added

    monkeypatch.setattr(installation.engine, "enqueue", enqueue_and_lose)

    with pytest.raises(EpochMissingError):
        await installation.builder.build("acme")
    with pytest.raises(EpochMissingError, match="being built"):
        await take(installation)


async def test_a_builder_that_fails_lets_another_one_begin_at_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = await accept(installation, row())

    async def fail(*_: object, **__: object) -> None:
        raise LedgerUnavailableError("away")

    with monkeypatch.context() as broken:
        broken.setattr(installation.ledger, "open_tasks", fail)
        with pytest.raises(LedgerUnavailableError):
            await installation.builder.build("acme")

    assert await installation.builder.build("acme") == 1
    assert [each.id for each in await take(installation)] == [task]


async def test_who_cannot_reach_the_database_begins_no_index(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise LedgerUnavailableError("away")

    monkeypatch.setattr(installation.ledger, "ping", fail)
    with pytest.raises(LedgerUnavailableError):
        await installation.builder.build("acme")

    assert await installation.engine.without_index(["acme"]) == ["acme"]


async def test_a_lost_task_is_handed_over_once_it_is_settled(installation: Installation) -> None:
    await installation.builder.build("acme")
    lost, _ = await accept(installation, row(), row(age=timedelta(0)))

    assert await installation.audit.step("acme") == 1
    assert await installation.audit.step("acme") == 0

    assert [each.id for each in await take(installation)] == [lost]


async def test_a_started_task_that_redis_lacks_is_found_as_soon_as_it_is_settled(
    installation: Installation,
) -> None:
    await installation.builder.build("acme")
    await installation.engine.begin_index("other")
    for lost in await accept(installation, *(row(age=timedelta(0)) for _ in range(5))):
        await pass_gate(installation.ledger, lost)
    assert await installation.audit.recent() == 0
    later = audit_of(installation, ["acme", "other"], lease=timedelta(milliseconds=100))
    found = 0

    async def settled() -> bool:
        nonlocal found
        found += await later.recent()
        return found == 5

    await until(settled)

    # Whoever runs them is heard of within a lease, or was lost.
    assert (await installation.counts()).active == 5
    assert await later.recent() == 0


@pytest.fixture
async def quick(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """An audit of two queues, in pages of two, of what was accepted before this moment."""
    for queue in ("acme", "other"):
        await installation.builder.build(queue)
    monkeypatch.setattr(audit, "_PAGE", 2)
    monkeypatch.setattr(audit, "_HANDED_OVER", timedelta(seconds=-1))
    return audit_of(installation, ["acme", "other"], lease=timedelta(hours=1))


async def test_a_walk_that_has_no_more_time_goes_on_later_where_it_was(
    installation: Installation, quick: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_LONGEST_WALK", 0)
    lost = await accept(installation, *(row() for _ in range(5)), row(queue="other"))

    # However far behind one queue is, the other one has its turn.
    assert [await quick.accepted() for _ in range(4)] == [3, 2, 1, 0]
    assert [each.id for each in await take(installation)] == lost[:5]


async def test_a_walk_rests_after_pages_in_which_nothing_was_lacking(
    installation: Installation, quick: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_REST", 100_000)
    monkeypatch.setattr(audit, "_LONGEST_WALK", 100)

    await accept(installation, *(row() for _ in range(5)))
    async with asyncio.timeout(20):
        assert await quick.accepted() == 5

    again = audit_of(installation, ["acme", "other"], lease=timedelta(hours=1))
    walk = asyncio.create_task(again.accepted())
    _, resting = await asyncio.wait([walk], timeout=1)
    assert resting == {walk}

    async def fail(*_: Any, **__: Any) -> None:
        raise LedgerUnavailableError("nobody is to ask any more")

    monkeypatch.setattr(installation.ledger, "open_tasks_between", fail)
    again.stop()
    async with asyncio.timeout(20):
        await walk


async def test_a_walk_reads_each_row_once(
    installation: Installation, quick: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_REST", 0)
    tasks = await accept(installation, *(row() for _ in range(5)))
    await pass_gate(installation.ledger, tasks[0])
    read: list[UUID] = []
    read_page = installation.ledger.open_tasks_between

    async def note(*args: Any, **options: Any) -> list[OpenTask]:
        page = await read_page(*args, **options)
        read.extend(each.id for each in page)
        return page

    monkeypatch.setattr(installation.ledger, "open_tasks_between", note)
    for _ in range(3):
        await quick.accepted()

    assert read == tasks


async def test_a_queue_that_cannot_be_asked_costs_no_rest_and_is_looked_at_whole(
    installation: Installation, quick: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_REST", 100_000)
    monkeypatch.setattr(audit, "_LONGEST_WALK", 100)
    await accept(installation, *(row() for _ in range(5)), row(queue="other"))

    async def fail(queue: str, members: list[Member]) -> list[Member]:
        if queue == "acme" and members:
            raise EngineUnavailableError("away")
        return members

    with monkeypatch.context() as broken:
        broken.setattr(installation.engine, "missing", fail)
        async with asyncio.timeout(20):
            assert await quick.accepted() == 1

    assert await quick.look("acme") == 5


async def test_what_the_ledger_could_not_be_asked_about_is_looked_at_again(
    installation: Installation, quick: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accept(installation, *(row() for _ in range(3)))

    async def fail(*_: Any) -> None:
        raise LedgerUnavailableError("away")

    with monkeypatch.context() as broken:
        broken.setattr(installation.ledger, "still_open", fail)
        with pytest.raises(LedgerUnavailableError):
            await quick.accepted()

    async with asyncio.timeout(20):
        assert await quick.accepted() == 3


async def test_a_row_that_was_committed_long_after_it_got_its_id_is_found_once_it_is_settled(
    installation: Installation,
) -> None:
    await installation.builder.build("acme")
    later = audit_of(installation, ["acme"], lease=timedelta(milliseconds=50))
    late = row(age=timedelta(0))

    async def settled() -> bool:
        return first_id_of(datetime.now(UTC) - timedelta(milliseconds=100)) > late.id

    await until(settled)
    assert await later.accepted() == 0
    await accept(installation, late)
    assert await later.accepted() == 0

    assert await later.recent() == 1


async def test_what_was_accepted_and_not_handed_over_is_found_long_before_two_leases(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = audit_of(installation, ["acme"], lease=timedelta(hours=1))
    await installation.builder.build("acme")
    accepted, started = await accept(installation, row(), row())
    await pass_gate(installation.ledger, started)
    assert await quick.accepted() == 0
    monkeypatch.setattr(audit, "_HANDED_OVER", timedelta(seconds=0.2))
    quick = audit_of(installation, ["acme"], lease=timedelta(hours=1))

    lacking: list[int] = []

    async def found() -> bool:
        lacking.append(await quick.accepted())
        return lacking[-1] > 0

    await until(found)
    # What runs may be between its lease and its outcome: it is not looked at.
    assert lacking[-1] == 1
    assert [each.id for each in await take(installation)] == [accepted]


async def test_what_the_engine_has_and_what_is_finished_stays_as_it_is(
    installation: Installation,
) -> None:
    leased, _, finished = await accept(installation, row(), row(), row())
    await installation.builder.build("acme")
    (lease,) = await take(installation, 1)
    assert lease.id == leased
    await finish(installation, finished)

    assert await installation.audit.step("acme") == 0
    counts = await installation.counts()
    assert (counts.active, counts.waiting) == (1, 2)


async def test_what_finishes_while_the_engine_is_asked_is_not_handed_over(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.builder.build("acme")
    finishing, lost = await accept(installation, row(), row())
    ask = installation.engine.missing

    async def finish_and_ask(queue: str, members: list[Member]) -> list[Member]:
        await finish(installation, finishing)
        return await ask(queue, members)

    monkeypatch.setattr(installation.engine, "missing", finish_and_ask)

    assert await installation.audit.step("acme") == 1
    assert [each.id for each in await take(installation)] == [lost]


async def test_after_a_wipe_what_runs_is_left_to_its_worker_for_a_lease(
    installation: Installation, redis: Redis
) -> None:
    running, pending = await accept(installation, row(), row())
    await installation.builder.build("acme")
    (lease,) = await take(installation, 1)
    await pass_gate(installation.ledger, running)
    await wipe(installation, redis)

    assert await installation.builder.build("acme") == 2
    assert [each.id for each in await take(installation)] == [pending]
    assert (await installation.counts()).active == 2
    await silence(installation.engine, LEASE.total_seconds() + 1)

    again = {each.id: each for each in await take(installation)}
    assert again[running].orphan
    assert again[running].token != lease.token


async def test_after_a_wipe_a_live_worker_keeps_what_it_runs(
    installation: Installation, redis: Redis
) -> None:
    (running,) = await accept(installation, row())
    await installation.builder.build("acme")
    (lease,) = await take(installation)
    await pass_gate(installation.ledger, running)
    await wipe(installation, redis)
    await installation.builder.build("acme")
    engine = installation.engine
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")

    for _ in range(6):
        beat = await asyncio.to_thread(heartbeat.renew, "acme", [lease])
        assert beat.lost == []
        assert await take(installation) == []
        await let_pass(engine, LEASE.total_seconds() / 3)
    heartbeat.close()


async def test_two_reconcilers_hand_nothing_over_twice(build: Build) -> None:
    first, second = build(), build()
    await accept(first, *(row() for _ in range(50)))

    await asyncio.gather(first.reconciler.rebuild(), second.reconciler.rebuild())

    async def complete() -> bool:
        return (await first.counts()).waiting == 50

    await until(complete)
    leases = await take(first)
    assert len({each.id for each in leases}) == len(leases) == 50


async def test_one_process_audits_and_another_one_when_it_leaves(build: Build) -> None:
    first, second = build(), build()
    await first.reconciler.rebuild()
    await first.reconciler.audit()
    (lost,) = await accept(first, row())

    await second.reconciler.audit()
    assert (await first.counts()).waiting == 0

    await first.reconciler.stop()
    await second.reconciler.audit()
    assert [each.id for each in await take(first)] == [lost]


@pytest.mark.parametrize(
    ("walk", "others"), [("accepted", ["recent", "look"]), ("recent", ["look"])]
)
async def test_who_leads_no_more_after_a_walk_leaves_the_rest_to_whoever_does(
    build: Build, monkeypatch: pytest.MonkeyPatch, walk: str, others: list[str]
) -> None:
    first, second = build(), build()
    await first.reconciler.rebuild()

    async def last_long() -> int:
        await first.reconciler._leadership.release()
        assert await second.reconciler._leadership.acquire()
        return 0

    done: list[str] = []

    async def note(*_: str) -> int:
        done.append("another one")
        return 0

    with monkeypatch.context() as observed:
        observed.setattr(first.reconciler._audit, walk, last_long)
        for each in others:
            observed.setattr(first.reconciler._audit, each, note)
        await first.reconciler.audit()
    assert done == []

    (lost,) = await accept(first, row())
    await second.reconciler.audit()
    assert [each.id for each in await take(first)] == [lost]


async def test_the_rolling_pass_reaches_every_page_and_begins_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.audit._PAGE", 10)
    await installation.builder.build("acme")
    await accept(installation, *(row(priority=each) for each in (5, 1, 10) for _ in range(5)))

    assert [await installation.audit.step("acme") for _ in range(3)] == [10, 5, 0]
    assert await installation.audit.everything("acme") == 0
    await installation.engine.claim(ACME, 15)


async def test_what_redis_lost_is_found_whether_it_is_settled_or_not(
    installation: Installation, redis: Redis
) -> None:
    await installation.builder.build("acme")
    young, running = await accept(installation, row(age=timedelta(0)), row(age=timedelta(0)))
    await pass_gate(installation.ledger, running)

    assert await installation.audit.everything("acme") == 2

    assert [each.id for each in await take(installation)] == [young]
    assert (await installation.counts()).active == 2  # whoever runs it has a lease to be heard of


async def test_a_worker_that_was_not_told_of_a_cancellation_is_told_by_the_audit(
    installation: Installation,
) -> None:
    (task,) = await accept(installation, row())
    await installation.builder.build("acme")
    (lease,) = await take(installation)
    await pass_gate(installation.ledger, task)
    await installation.ledger.cancel(task, reason="no longer needed")
    engine = installation.engine
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")

    await installation.audit.everything("acme")

    beat = await asyncio.to_thread(heartbeat.renew, "acme", [lease])
    assert beat.cancelled == [lease]
    heartbeat.close()


async def test_a_running_task_without_its_worker_stays_in_line_though_it_is_to_be_cancelled(
    installation: Installation,
) -> None:
    (task,) = await accept(installation, row())
    await installation.builder.build("acme")
    await take(installation)
    await pass_gate(installation.ledger, task)
    await silence(installation.engine, LEASE.total_seconds() + 1)
    assert (await installation.engine.claim(ACME, 0)).expired == 1
    await installation.dispatch.cancel(task, reason="no longer needed")
    await installation.audit.everything("acme")

    (lease,) = await take(installation)

    assert (lease.id, lease.orphan) == (task, True)


async def test_a_task_that_was_retried_is_handed_over_though_redis_remembers_its_cancellation(
    installation: Installation,
) -> None:
    (task,) = await accept(installation, row())
    await installation.builder.build("acme")
    await installation.dispatch.cancel(task, reason="a mistake")
    await installation.ledger.retry(task)  # a failover forgot the handing over

    assert await installation.audit.everything("acme") == 1

    assert [each.id for each in await take(installation)] == [task]


async def test_a_queue_that_cannot_be_reconciled_stops_no_other(
    installation: Installation, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    namespace = installation.engine.namespace
    await redis.set(QueueKeys.of(namespace, "acme").epoch, f"{FORMAT + 1}-newer")
    await accept(installation, row())
    with caplog.at_level(logging.WARNING):
        installation.reconciler.start()
        await until(lambda: redis.exists(QueueKeys.of(namespace, "other").epoch))
        await installation.reconciler.stop()

    assert "the audit of queue 'acme' waits" in caplog.text
    assert "upgrade it" in caplog.text


async def test_it_goes_on_after_redis_was_wiped(installation: Installation, redis: Redis) -> None:
    installation.reconciler.start()
    keys = QueueKeys.of(installation.engine.namespace, "acme")
    await until(lambda: redis.exists(keys.epoch))
    (task,) = await accept(installation, row())
    await wipe(installation, redis)

    await until(lambda: redis.exists(keys.waiting))

    await installation.reconciler.stop()
    assert [each.id for each in await take(installation)] == [task]
