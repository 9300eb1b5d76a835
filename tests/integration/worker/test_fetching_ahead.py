"""Queues of quick tasks: what a worker holds beside the tasks that it runs."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from penstock import Context, Provider, Queue, task
from penstock.app import Application
from penstock.broker import Consumer
from penstock.dispatch import Submission
from penstock.engine import Lease
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work

SLOTS = 4
TASKS = 2000
PATIENCE = 60


class Seen:
    """What the handlers of this process do, and did."""

    def __init__(self) -> None:
        self.runs: Counter[UUID] = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.most_at_hand = 0
        self.stops_after = 10 * TASKS
        self.may_go_on = asyncio.Event()


seen = Seen()


async def echo(number: int, ctx: Context) -> int:
    seen.runs[ctx.task_id] += 1
    seen.at_once += 1
    seen.most_at_once = max(seen.most_at_once, seen.at_once)
    if seen.runs.total() > seen.stops_after:
        await seen.may_go_on.wait()
    else:
        await asyncio.sleep(0)
    seen.at_once -= 1
    return number


def plugin(*, provider: Provider | None = None, **limits: Any) -> Plugin:
    queue = Queue("quick", concurrency=SLOTS, **limits)
    quick = task("quick.echo", queue=queue)(echo)
    other = task("quick.other", queue=queue, provider=provider and provider.name)(echo)
    return Plugin(
        name="quick",
        distribution="quick",
        version="1",
        queues=[queue],
        tasks=[quick, other],
        providers=[provider] if provider else [],
    )


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have it seen how many a worker has at hand, once the next ones have passed the gate."""
    seen.__init__()  # type: ignore[misc]
    start = Consumer._start

    async def watched(self: Consumer, leases: Sequence[Lease]) -> None:
        await start(self, leases)
        seen.most_at_hand = max(seen.most_at_hand, len(self._held))

    monkeypatch.setattr(Consumer, "_start", watched)
    yield
    seen.may_go_on.set()


async def submit(application: Application) -> None:
    await asyncio.gather(
        *(application.dispatch.submit(Submission("quick.echo", b"7")) for _ in range(TASKS))
    )
    await until_counts(application, waiting=TASKS, active=0)


async def until_counts(application: Application, *, waiting: int, active: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            counts = (await application.engine.counts(["quick"]))["quick"]
            if (counts.waiting, counts.active) == (waiting, active):
                return
            await asyncio.sleep(0.02)


async def rows(application: Application, column: str) -> Counter[object]:
    async with application.ledger.database.read("test") as connection:
        found = await connection.execute(text(f"SELECT {column}, count(*) FROM task GROUP BY 1"))
        return Counter(dict(found.all()))


async def test_more_are_at_hand_than_run_and_no_more_run_than_there_are_slots(
    settings: Settings,
) -> None:
    async with Application(settings, Catalogue(plugins=[plugin()])) as application:
        await submit(application)
        async with at_work(application.worker()):
            await until_counts(application, waiting=0, active=0)

        assert await rows(application, "status") == {"success": TASKS}
    assert seen.most_at_once == SLOTS
    assert seen.most_at_hand > SLOTS
    assert set(seen.runs.values()) == {1}


async def test_once_slots_do_not_come_free_what_waits_for_them_goes_back(
    settings: Settings,
) -> None:
    seen.stops_after = TASKS // 2
    async with Application(settings, Catalogue(plugins=[plugin()])) as application:
        await submit(application)
        async with at_work(application.worker()):
            left = TASKS // 2 - SLOTS
            await until_counts(application, waiting=left, active=SLOTS)
            assert await rows(application, "status") == {
                "success": TASKS // 2,
                "running": SLOTS,
                "pending": left,
            }
            assert (await rows(application, "attempts"))[0] == left
            seen.may_go_on.set()
            await until_counts(application, waiting=0, active=0)

        assert await rows(application, "attempts") == {1: TASKS}
    assert seen.most_at_hand > SLOTS
    assert set(seen.runs.values()) == {1}


@pytest.mark.parametrize(
    "limited",
    [
        plugin(global_concurrency=1000),
        plugin(user_concurrency=1000),
        plugin(provider=Provider("model", concurrency=1000)),
    ],
    ids=["global", "of a user", "of a provider"],
)
async def test_where_what_is_held_counts_elsewhere_no_more_are_at_hand_than_run(
    settings: Settings, limited: Plugin
) -> None:
    async with Application(settings, Catalogue(plugins=[limited])) as application:
        await submit(application)
        async with at_work(application.worker()):
            await until_counts(application, waiting=0, active=0)

    assert seen.most_at_hand == SLOTS


async def test_beside_a_task_under_which_a_worker_died_no_more_are_at_hand_than_run(
    settings: Settings,
) -> None:
    async with Application(settings, Catalogue(plugins=[plugin()])) as application:
        await submit(application)
        async with application.ledger.database.write("test") as connection:
            await connection.execute(text("UPDATE task SET losses = 1"))
        async with at_work(application.worker()):
            await until_counts(application, waiting=0, active=0)

        assert await rows(application, "status") == {"success": TASKS}
    assert seen.most_at_hand <= SLOTS
    assert set(seen.runs.values()) == {1}
