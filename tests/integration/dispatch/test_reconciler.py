"""The engine's index is rebuilt from the ledger, whatever became of it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock.engine import Lease
from penstock.engine.keys import FORMAT, QueueKeys
from penstock.ledger import NewTask, Outcome, Status
from tests.integration.dispatch.conftest import ACME, LEASE, Build, Installation, until

# Rows that nobody wrote to for two leases are the audit's candidates.
SETTLED = timedelta(hours=1)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def row(*, age: timedelta = SETTLED, priority: int = 5, delay: timedelta | None = None) -> NewTask:
    now = datetime.now(UTC)
    return NewTask(
        id=uuid7(),
        type="acme.resize",
        queue="acme",
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
    ((run,), _) = await installation.ledger.start([task], worker="w")
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

    assert await installation.reconciler.reconcile("acme") == 3

    assert [each.id for each in await take(installation)] == [ids[1], ids[0]]
    assert (await installation.counts()).delayed == 1


async def test_a_new_index_is_filled_with_more_than_one_page(installation: Installation) -> None:
    await accept(installation, *(row() for _ in range(2100)))

    assert await installation.reconciler.reconcile("acme") == 2100


async def test_a_lost_task_is_handed_over_once_it_is_settled(installation: Installation) -> None:
    await installation.reconciler.reconcile("acme")
    lost, young = await accept(installation, row(), row(age=timedelta(0)))

    assert await installation.reconciler.reconcile("acme") == 1
    assert await installation.reconciler.reconcile("acme") == 0

    assert [each.id for each in await take(installation)] == [lost]
    assert young is not None


async def test_what_the_engine_has_and_what_is_finished_stays_as_it_is(
    installation: Installation,
) -> None:
    leased, waiting, finished = await accept(installation, row(), row(), row())
    await installation.reconciler.reconcile("acme")
    (lease,) = await take(installation, 1)
    assert lease.id == leased
    await finish(installation, finished)

    assert await installation.reconciler.reconcile("acme") == 0
    counts = await installation.counts()
    assert (counts.active, counts.waiting) == (1, 2)
    assert waiting is not None


async def test_what_finishes_while_the_engine_is_asked_is_not_handed_over(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.reconciler.reconcile("acme")
    finishing, lost = await accept(installation, row(), row())
    ask = installation.engine.missing

    async def finish_and_ask(queue: str, ids: list[UUID]) -> tuple[str, list[UUID]]:
        await finish(installation, finishing)
        return await ask(queue, ids)

    monkeypatch.setattr(installation.engine, "missing", finish_and_ask)

    assert await installation.reconciler.reconcile("acme") == 1
    assert [each.id for each in await take(installation)] == [lost]


async def test_after_a_wipe_running_tasks_are_left_to_their_workers_for_a_lease(
    installation: Installation, redis: Redis
) -> None:
    running, pending = await accept(installation, row(), row())
    await installation.reconciler.reconcile("acme")
    await take(installation, 1)
    await installation.ledger.start([running], worker="w")
    await wipe(installation, redis)

    assert await installation.reconciler.reconcile("acme") == 1
    assert [each.id for each in await take(installation)] == [pending]
    await asyncio.sleep(2 * LEASE.total_seconds() + 0.1)  # nobody wrote to the row meanwhile
    assert await installation.reconciler.reconcile("acme") == 0  # the first look at this index
    await asyncio.sleep(LEASE.total_seconds() + 0.05)

    assert await installation.reconciler.reconcile("acme") == 1
    assert running in [each.id for each in await take(installation)]


async def test_two_reconcilers_hand_nothing_over_twice(build: Build) -> None:
    first, second = build(), build()
    await accept(first, *(row() for _ in range(50)))

    handed_over = await asyncio.gather(
        first.reconciler.reconcile("acme"), second.reconciler.reconcile("acme")
    )

    assert sum(handed_over) == 50
    leases = await take(first)
    assert len({each.id for each in leases}) == len(leases) == 50


async def test_the_rolling_pass_reaches_every_page_and_begins_again(
    installation: Installation,
) -> None:
    await installation.reconciler.reconcile("acme")
    await accept(installation, *(row() for _ in range(1500)))

    assert [await installation.reconciler.reconcile("acme") for _ in range(3)] == [1000, 500, 0]


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

    assert "reconciling queue 'acme' waits" in caplog.text
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
