"""What changes a task's row is announced to whoever follows it, along with what is done anyway."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from penstock import background
from penstock.declarations import Priority, Queue
from penstock.engine import Change, Engine, Entry, Member, Settlement
from penstock.engine import changes as messages

QUEUE = Queue("acme")


@pytest.fixture
async def heard(engine: Engine) -> AsyncIterator["asyncio.Queue[Change]"]:
    """What is announced of the queue, from now on."""
    told: asyncio.Queue[Change] = asyncio.Queue()

    async def listen() -> None:
        async for change in engine.changes([QUEUE.name]):
            told.put_nowait(change)

    listening = asyncio.create_task(listen())
    assert await asyncio.wait_for(told.get(), 10) == messages.EVERYTHING
    yield told
    await background.end(listening)


async def next_of(heard: "asyncio.Queue[Change]") -> tuple[str | None, set[UUID]]:
    kind, ids = await asyncio.wait_for(heard.get(), 10)
    return kind, {UUID(bytes=each) for each in ids}


def entries(count: int, **options: object) -> list[Entry]:
    return [
        Entry(
            member=Member(uuid4(), user=f"u{i}", provider="p"),
            priority=Priority.NORMAL,
            **options,  # type: ignore[arg-type]
        )
        for i in range(count)
    ]


async def test_settled_tasks_are_announced_by_the_claim_that_settles_them(
    engine: Engine, heard: "asyncio.Queue[Change]"
) -> None:
    waiting = entries(4)
    await engine.enqueue(QUEUE.name, waiting)
    leases = (await engine.claim(QUEUE, 4)).leases
    kinds = ("done", "delay", "back", "stale")

    await engine.claim(
        QUEUE,
        0,
        [Settlement(lease=lease, kind=kind) for lease, kind in zip(leases, kinds, strict=True)],  # type: ignore[arg-type]
    )

    assert await next_of(heard) == ("status", {lease.id for lease in leases[:3]})
    assert heard.empty()


async def test_cancelled_and_retried_tasks_are_announced(
    engine: Engine, heard: "asyncio.Queue[Change]"
) -> None:
    waiting = entries(3)
    await engine.enqueue(QUEUE.name, waiting)

    await engine.cancel(QUEUE.name, [each.member for each in waiting])
    assert await next_of(heard) == ("status", {each.id for each in waiting})

    again = entries(2, kind="again")
    await engine.enqueue(QUEUE.name, again)
    assert await next_of(heard) == ("status", {each.id for each in again})


async def test_news_of_a_kind_that_is_not_known_may_be_of_everything(
    engine: Engine, heard: "asyncio.Queue[Change]"
) -> None:
    task_id = uuid4()
    await engine.announce(QUEUE.name, [task_id], "events")
    assert await next_of(heard) == ("events", {task_id})

    assert messages.decode(b"?" + task_id.bytes) == messages.EVERYTHING
