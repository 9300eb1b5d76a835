"""Tasks that a running one enqueues: by name, once, whatever happens to the parent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Struct
from sqlalchemy import text

from penstock import Context, PermanentError, Priority, Queue, RetryPolicy, TransientError, task
from penstock.app import Application
from penstock.broker.children import Children
from penstock.dispatch import Submission
from penstock.ledger import StartedTask, TaskFilter, TaskRecord, TaskSummary, keyed_tasks
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work, ended
from tests.services.gate import pass_gate

QUICK = RetryPolicy(max_attempts=3, initial_interval=timedelta(milliseconds=20), jitter=0)
SHOP = Queue("shop", retry=QUICK)
SMALL = Queue("small", max_waiting=1)


class Order(Struct):
    parts: int = 10
    fail_after: int | None = None


class Part(Struct):
    number: int


@task("shop.part", queue=SHOP)
async def part(part: Part) -> int:
    return part.number


@task("shop.once", queue=SHOP, unique=True)
async def once(part: Part) -> int:
    return part.number


@task("shop.small", queue=SMALL)
async def small(part: Part) -> int:
    return part.number


@task("shop.order", queue=SHOP)
async def order(order: Order, ctx: Context) -> list[UUID]:
    """Enqueue parts, and fail on the way in the first attempt."""
    children = []
    for number in range(order.parts):
        if ctx.attempt == 1 and number == order.fail_after:
            raise ConnectionResetError
        children.append(await ctx.enqueue(f"part-{number}", part, Part(number)))
    return children


@task("shop.wrong", queue=SHOP)
async def wrong(name: str, ctx: Context) -> str:
    """Enqueue what cannot be."""
    await ctx.enqueue("part", name, {"nmuber": 1})
    return "unreachable"


PLUGIN = Plugin(
    name="shop",
    distribution="shop",
    version="1",
    queues=[SHOP, SMALL],
    tasks=[part, once, small, order, wrong],
)
Run = Callable[..., Awaitable[TaskRecord]]


@pytest.fixture
async def application(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Application]:
    settings = Settings.load(environment, tmp_path, plugins=["shop"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        yield application


@pytest.fixture
async def run(application: Application) -> AsyncIterator[Run]:
    """Runs a task on a worker, and returns it once it has ended."""

    async def run(name: str, value: object, **terms: Any) -> TaskRecord:
        data = msgspec.json.encode(value)
        record = await application.dispatch.submit(Submission(name, data, **terms))
        return await ended(application, record.id)

    async with at_work(application.worker(["shop"])):
        yield run


async def started(application: Application, **terms: Any) -> StartedTask:
    """A run of a parent that is under way, without a handler."""
    record = await application.dispatch.submit(Submission("shop.order", b"{}", **terms))
    (found,) = (await pass_gate(application.ledger, record.id, worker="test"))[0]
    return found


async def children_of(application: Application, parent: UUID) -> list[TaskSummary]:
    wanted = TaskFilter(parent_id=parent)
    return list((await application.dispatch.tasks(wanted, before=None, limit=100)).tasks)


async def test_a_parent_that_fails_on_the_way_has_each_child_once(
    application: Application, run: Run
) -> None:
    parent = await run(
        "shop.order", Order(parts=10, fail_after=4), user_id="ada", priority=Priority.HIGH
    )

    assert (parent.status, parent.attempts) == ("success", 2)
    ids = msgspec.json.decode(parent.result or b"", type=list[UUID])
    children = await children_of(application, parent.id)
    assert {each.id for each in children} == set(ids)
    assert len(children) == 10
    for each in [await ended(application, child) for child in ids]:
        assert (each.status, each.parent_id) == ("success", parent.id)
        assert (each.user_id, each.priority) == ("ada", Priority.HIGH)
    ended_counts = await application.ledger.ended_counts()
    assert ended_counts["shop"].completed == 11


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("shop.prat", "unknown_task_type", "did you mean 'shop.part'"),
        ("shop.part", "invalid_input", "missing required field `number`"),
    ],
)
async def test_what_cannot_be_enqueued_fails_the_parent_for_good(
    run: Run, name: str, code: str, words: str
) -> None:
    parent = await run("shop.wrong", name)

    assert (parent.status, parent.attempts) == ("failed", 1)
    assert parent.error is not None
    assert parent.error.code == code
    assert f"child 'part' of type {name!r}: " in parent.error.message
    assert words in parent.error.message


async def test_children_of_a_name_are_one_whatever_they_are_asked_to_do_later(
    application: Application,
) -> None:
    parent = await started(application)
    children = Children(application.dispatch, parent)
    terms: dict[str, Any] = {"priority": None, "delay": None, "user_id": None}
    first = await children.enqueue("part-1", "shop.part", b'{"number": 1}', **terms)
    again = Children(application.dispatch, msgspec.structs.replace(parent, run=2))

    second = await again.enqueue("part-1", "shop.part", b'{"number": 2}', **terms)

    assert first == second
    (child,) = await children_of(application, parent.id)
    found = await application.dispatch.find(child.id)
    assert found is not None
    assert bytes(found.input) == b'{"number": 1}'


async def test_a_child_whose_twin_is_being_written_is_enqueued_by_a_later_attempt(
    redis_url: str,
    namespace: str,
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyed_tasks, "_BOUND_WAIT", text("SET LOCAL lock_timeout = '200ms'"))
    environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": postgresql_url,
        "PENSTOCK_NAMESPACE": namespace,
    }
    settings = Settings.load(environment, tmp_path, plugins=["shop"])
    terms: dict[str, Any] = {"priority": None, "delay": None, "user_id": None}
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        ledger = application.ledger
        children = Children(application.dispatch, await started(application))
        twin = await application.dispatch.prepare(Submission("shop.once", b'{"number": 1}'))
        async with ledger.database.engine.connect() as connection:
            await connection.run_sync(ledger.accept_within, twin)

            with pytest.raises(TransientError) as caught:
                await children.enqueue("part", "shop.once", b'{"number": 1}', **terms)
            await connection.rollback()

    assert caught.value.code == "twin_pending"


async def test_a_child_of_an_earlier_run_is_there_however_full_its_queue_is(
    application: Application,
) -> None:
    parent = await started(application)
    children = Children(application.dispatch, parent)
    terms: dict[str, Any] = {"priority": "low", "delay": timedelta(hours=1), "user_id": "bob"}
    child = await children.enqueue("one", "shop.small", b'{"number": 1}', **terms)

    with pytest.raises(TransientError, match="queue 'small' is full") as caught:
        await children.enqueue("two", "shop.small", b'{"number": 2}', **terms)
    assert caught.value.code == "queue_full"
    assert caught.value.retry_after is not None

    again = Children(application.dispatch, msgspec.structs.replace(parent, run=2))
    assert await again.enqueue("one", "shop.small", b'{"number": 1}', **terms) == child
    (found,) = await children_of(application, parent.id)
    assert (found.user_id, found.priority) == ("bob", Priority.LOW)
    assert found.run_at is not None


async def test_a_child_that_was_not_handed_over_is_by_the_next_run(
    application: Application, run: Run
) -> None:
    parent = await started(application)
    children = Children(application.dispatch, parent)
    terms: dict[str, Any] = {"priority": None, "delay": None, "user_id": None}
    async with asyncio.timeout(20):
        child = await children.enqueue("part", "shop.part", b'{"number": 1}', **terms)
        await ended(application, child)
    # As if its worker had died between the commit and the handover: Redis knows nothing of it.
    async with application.ledger.database.write("open it again") as connection:
        await connection.execute(
            text("UPDATE task SET status = 'pending', finished_at = NULL WHERE id = :id"),
            {"id": child if connection.dialect.name == "postgresql" else str(child)},
        )
    again = Children(application.dispatch, msgspec.structs.replace(parent, run=2))

    assert await again.enqueue("part", "shop.part", b'{"number": 1}', **terms) == child

    # The audit would take two leases of 30 s.
    assert (await ended(application, child)).status == "success"


async def test_a_drained_queue_takes_the_children_of_what_is_worked_off(
    application: Application, run: Run
) -> None:
    parent = await started(application)
    await application.queue_control.drain("shop", by="test")
    children = Children(application.dispatch, parent)

    child = await children.enqueue(
        "part", "shop.part", b'{"number": 1}', priority=None, delay=None, user_id=None
    )

    assert (await ended(application, child)).status == "success"


async def test_names_and_terms_that_cannot_be_are_refused(application: Application) -> None:
    children = Children(application.dispatch, await started(application))
    good: dict[str, Any] = {"priority": None, "delay": None, "user_id": None}

    async def enqueue(name: str = "part", **terms: Any) -> UUID:
        data = b'{"number": 1}'
        return await children.enqueue(name, "shop.part", data, **{**good, **terms})

    with pytest.raises(ValueError, match="expected the name of a child to be"):
        await enqueue("Part 1")
    with pytest.raises(ValueError, match="expected priority to be one of"):
        await enqueue(priority="soon")
    with pytest.raises(ValueError, match="expected delay to be from 0 to 365 days"):
        await enqueue(delay=timedelta(days=366))
    with pytest.raises(PermanentError, match="expected at most 255 characters"):
        await enqueue(user_id="x" * 256)


async def test_children_are_listed_in_pages(application: Application) -> None:
    parent = await started(application)
    children = Children(application.dispatch, parent)
    terms: dict[str, Any] = {"priority": None, "delay": None, "user_id": None}
    made = {
        await children.enqueue(f"part-{n}", "shop.part", b'{"number": 1}', **terms)
        for n in range(5)
    }

    wanted = TaskFilter(parent_id=parent.id)
    first = await application.dispatch.tasks(wanted, before=None, limit=3)
    rest = await application.dispatch.tasks(wanted, before=first.next, limit=3)

    assert [each.id for each in [*first.tasks, *rest.tasks]] == sorted(made, reverse=True)
    assert rest.next is None
