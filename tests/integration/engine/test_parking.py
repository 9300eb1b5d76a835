"""Tasks of types that a worker does not know are left to one that does."""

import asyncio
from uuid import UUID

from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Member, Settlement
from tests.integration.engine.conftest import until_heard

ACME = Queue("acme", concurrency=500)


async def park(engine: Engine, count: int, task_type: str, priority: Priority) -> list[UUID]:
    """Put tasks in line and park them, as a worker does that does not know their type."""
    entries = [Entry(member=Member(uuid7()), priority=priority) for _ in range(count)]
    await engine.enqueue("acme", entries)
    leases = (await engine.claim(ACME, count)).leases
    settlements = [Settlement(lease=each, kind="park", task_type=task_type) for each in leases]
    assert (await engine.claim(ACME, 0, settlements)).leases == []
    return [each.id for each in entries]


async def test_parked_tasks_hold_no_slot_and_come_back_to_their_old_place(engine: Engine) -> None:
    parked = await park(engine, 3, "acme.new", Priority.NORMAL)
    later = Entry(member=Member(uuid7()), priority=Priority.NORMAL)
    await engine.enqueue("acme", [later])
    counts = (await engine.counts(["acme"]))["acme"]
    assert (counts.parked, counts.active, counts.waiting) == (3, 0, 1)

    claim = await engine.claim(ACME, 10, parked=["acme.old", "acme.new"])

    assert [each.id for each in claim.leases] == [*parked, later.id]
    assert (claim.parked, (await engine.counts(["acme"]))["acme"].parked) == (0, 0)


async def test_only_known_types_come_back(engine: Engine) -> None:
    new = await park(engine, 2, "acme.new", Priority.LOW)
    newer = await park(engine, 2, "acme.newer", Priority.HIGH)
    claim = await engine.claim(ACME, 1)
    assert (claim.leases, claim.parked) == ([], 4)

    # A name that another one begins with is another name.
    claim = await engine.claim(ACME, 10, parked=["acme.new", "acme.ne", "acme"])
    assert ([each.id for each in claim.leases], claim.parked) == (new, 2)

    claim = await engine.claim(ACME, 10, parked=["acme.newer"])
    assert [each.id for each in claim.leases] == newer


async def test_no_more_come_back_than_can_be_taken(engine: Engine) -> None:
    parked = await park(engine, 5, "acme.new", Priority.NORMAL)
    narrow = Queue("acme", global_concurrency=3)

    claim = await engine.claim(narrow, 4, parked=["acme.other", "acme.new"])

    assert ([each.id for each in claim.leases], claim.parked) == (parked[:3], 2)
    counts = (await engine.counts(["acme"]))["acme"]
    assert (counts.waiting, counts.parked) == (0, 2)


async def test_all_workers_of_the_queue_hear_that_a_task_was_parked(engine: Engine) -> None:
    async def first_heard() -> tuple[str, UUID | None]:
        return await anext(engine.notices(["other", "acme"]))

    heard = asyncio.create_task(first_heard())
    await until_heard(engine, "acme")

    await park(engine, 1, "acme.new", Priority.NORMAL)

    async with asyncio.timeout(20):
        assert await heard == ("acme", None)


async def test_handing_a_parked_task_over_again_changes_nothing(engine: Engine) -> None:
    (task,) = await park(engine, 1, "acme.new", Priority.NORMAL)

    assert await engine.enqueue("acme", [Entry(member=Member(task), priority=Priority.NORMAL)]) == 0
    assert await engine.missing("acme", [Member(task)]) == []
