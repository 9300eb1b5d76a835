"""Taking tasks out of line, wherever they stand, and telling who runs them."""

import asyncio
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Heartbeat, Member, Settlement
from tests.integration.engine.conftest import LEASE, silence, until_heard

ACME = Queue("acme", concurrency=100)


def entry(delay: timedelta = timedelta(0)) -> Entry:
    return Entry(member=Member(uuid7()), priority=Priority.NORMAL, delay=delay)


async def test_what_waits_is_delayed_or_parked_is_forgotten(engine: Engine) -> None:
    waiting, delayed, parked = entry(), entry(timedelta(minutes=1)), entry()
    await engine.enqueue("acme", [parked])
    (lease,) = (await engine.claim(ACME, 1)).leases
    park = Settlement(lease=lease, kind="park", task_type="acme.new")
    await engine.claim(ACME, 0, [park])
    await engine.enqueue("acme", [waiting, delayed])
    members = [waiting.member, delayed.member, parked.member]
    assert await engine.missing("acme", members) == []

    assert await engine.cancel("acme", [*members, Member(uuid7())]) == 0

    assert await engine.missing("acme", members) == members
    counts = (await engine.counts(["acme"]))["acme"]
    assert (counts.waiting, counts.delayed, counts.parked) == (0, 0, 0)


async def test_whoever_runs_a_task_is_told_at_once_and_by_each_heartbeat(engine: Engine) -> None:
    task, other = entry(), entry()
    await engine.enqueue("acme", [task, other])
    leases = (await engine.claim(ACME, 2)).leases

    async def first_heard() -> tuple[str, UUID | None]:
        return await anext(engine.notices(["acme"]))

    heard = asyncio.create_task(first_heard())
    await until_heard(engine, "acme")

    assert await engine.cancel("acme", [task.member]) == 1

    async with asyncio.timeout(20):
        assert await heard == ("acme", task.id)
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    for _ in range(2):
        beat = await asyncio.to_thread(heartbeat.renew, "acme", leases)
        assert beat.cancelled == [leases[0]]

    await engine.claim(ACME, 0, [Settlement(lease=leases[0])])
    beat = await asyncio.to_thread(heartbeat.renew, "acme", leases[1:])
    assert beat.cancelled == []
    heartbeat.close()


async def test_nobody_is_told_of_a_cancellation_that_an_earlier_lease_was_for(
    engine: Engine,
) -> None:
    task = entry()
    await engine.enqueue("acme", [task])
    await engine.claim(ACME, 1)
    await engine.cancel("acme", [task.member])
    await silence(engine, LEASE.total_seconds() + 1)

    (lease,) = (await engine.claim(ACME, 1)).leases

    assert lease.orphan
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    assert (await asyncio.to_thread(heartbeat.renew, "acme", [lease])).cancelled == []
    heartbeat.close()


async def test_a_task_that_begins_anew_takes_nothing_over_from_its_earlier_life(
    engine: Engine,
) -> None:
    task = entry()
    await engine.enqueue("acme", [task])
    (old,) = (await engine.claim(ACME, 1)).leases
    await engine.cancel("acme", [task.member])

    again = replace(task, kind="again", lease=old.number)
    assert await engine.enqueue("acme", [again]) == 1

    # The outcome of its earlier life is settled late.
    (new,) = (await engine.claim(ACME, 1, [Settlement(lease=old)])).leases
    assert new.id == task.id
    assert new.token != old.token
    assert await engine.missing("acme", [task.member]) == []


async def test_a_claim_at_the_start_gate_keeps_a_task_that_begins_anew_and_gives_it_back(
    engine: Engine,
) -> None:
    task = entry()
    await engine.enqueue("acme", [task])
    (old,) = (await engine.claim(ACME, 1)).leases
    await engine.claim(ACME, 0, [Settlement(lease=old, kind="back")])
    (lease,) = (await engine.claim(ACME, 1)).leases

    # It was cancelled and retried before this lease came to the gate, or after: nobody knows.
    again = replace(task, kind="again", lease=old.number)
    assert await engine.enqueue("acme", [again]) == 0

    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    assert (await asyncio.to_thread(heartbeat.renew, "acme", [lease])).lost == []
    heartbeat.close()
    assert (await engine.claim(ACME, 1)).leases == []
    # If its run was what was retried, the gate refuses the task now, and it is done with it again.
    (new,) = (await engine.claim(ACME, 1, [Settlement(lease=lease)])).leases
    assert new.id == task.id
    await engine.claim(ACME, 0, [Settlement(lease=new)])
    assert await engine.missing("acme", [task.member]) == [task.member]


async def test_a_cancellation_that_overtakes_the_handing_over_is_remembered(engine: Engine) -> None:
    due, delayed = entry(), entry(timedelta(minutes=1))
    await engine.cancel("acme", [due.member, delayed.member])

    assert await engine.enqueue("acme", [due, delayed], unless_cancelled=True) == 0

    assert await engine.missing("acme", [due.member, delayed.member]) == [
        due.member,
        delayed.member,
    ]
    assert await engine.enqueue("acme", [replace(due, kind="again")]) == 1
    assert [each.id for each in (await engine.claim(ACME, 5)).leases] == [due.id]


async def test_whoever_knows_that_a_task_is_open_puts_it_in_line_whatever_is_remembered(
    engine: Engine,
) -> None:
    task = entry()
    # As if it was cancelled and retried, and Redis remembered only the first.
    await engine.cancel("acme", [task.member])

    assert await engine.enqueue("acme", [task]) == 1

    assert [each.id for each in (await engine.claim(ACME, 5)).leases] == [task.id]


async def test_a_running_task_that_has_lost_its_worker_stays_in_line(engine: Engine) -> None:
    task = entry()
    await engine.enqueue("acme", [task])
    await engine.claim(ACME, 1)
    await silence(engine, LEASE.total_seconds() + 1)
    assert (await engine.claim(ACME, 0)).expired == 1

    assert await engine.cancel("acme", [task.member], running=True) == 0

    (lease,) = (await engine.claim(ACME, 1)).leases
    assert (lease.id, lease.orphan) == (task.id, True)
