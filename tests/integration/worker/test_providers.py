"""The limits of providers, over real workers and several queues."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from penstock import (
    Context,
    Provider,
    Queue,
    RateLimit,
    RateLimitedError,
    SyncContext,
    UnitLimit,
    task,
)
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.engine.keys import ProviderKeys
from penstock.ledger import Ledger, Status, TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.services import RedisCluster

LEASE = 0.6
PAUSES = (1.0, 5.0, 20.0)
"""Seconds for which something is closed: the longer, the more often this machine stood still."""
ONE, TWO = Queue("one", concurrency=5), Queue("two", concurrency=5)


class Call(Struct):
    provider: str | None = None
    seconds: float = 0
    units: int = 1
    uses: int | None = None
    refused: bool = False
    retry_after: float | None = None


class Seen:
    """What the handlers of this process did."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.running: dict[str | None, int] = {}
        self.most: dict[str | None, int] = {}
        self.refusals = 0


seen = Seen()


async def call(request: Call, ctx: Context) -> str | None:
    assert ctx.provider == request.provider
    running = seen.running.get(ctx.provider, 0) + 1
    seen.running[ctx.provider] = running
    seen.most[ctx.provider] = max(running, seen.most.get(ctx.provider, 0))
    seen.starts.append(time.monotonic())
    try:
        if request.refused and seen.refusals:
            seen.refusals -= 1
            pause = timedelta(seconds=request.retry_after or 0)
            raise RateLimitedError("slow down", retry_after=pause)
        await asyncio.sleep(request.seconds)
        if request.uses is not None:
            await ctx.charge(request.uses)
    finally:
        seen.running[ctx.provider] -= 1
    return ctx.provider


NEEDS: dict[str, Any] = {
    "provider": lambda request: request.provider,
    "units": lambda request: request.units,
}
call_one = task("one.call", queue=ONE, **NEEDS)(call)
call_two = task("two.call", queue=TWO, **NEEDS)(call)


@task("one.process", queue=ONE, **NEEDS)
def call_in_process(request: Call, ctx: SyncContext) -> str | None:
    """As above, in a process."""
    if request.uses is not None:
        ctx.charge(request.uses)
    return ctx.provider


@task("one.limits", queue=ONE)
async def limits_seen(request: Call, ctx: Context) -> int | None:
    """How many of the first provider's calls may run at once."""
    return ctx.providers(Provider)[0].concurrency


@pytest.fixture(autouse=True)
def _fresh() -> None:
    seen.__init__()  # type: ignore[misc]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def servers(request: pytest.FixtureRequest, redis_url: str) -> str:
    """One server, unless a test asks for a ``cluster``."""
    if getattr(request, "param", None) != "cluster":
        return redis_url
    cluster: RedisCluster = request.getfixturevalue("cluster")
    return cluster.url


@pytest.fixture
def lease() -> float:
    return LEASE


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Either database would do."""
    return sqlite_url


@pytest.fixture
def settings(environment: dict[str, str], servers: str, tmp_path: Path, lease: float) -> Settings:
    said = {"REDIS_URL": servers, "PENSTOCK_LEASE_SECONDS": str(lease)}
    return Settings.load({**environment, **said}, tmp_path)


Site = Callable[..., Any]


@pytest.fixture
def site(settings: Settings) -> Site:
    """Runs workers over some providers; what is submitted goes through the first."""

    @asynccontextmanager
    async def run(*providers: Provider, workers: int = 1) -> AsyncIterator[Application]:
        plugin = Plugin(
            name="acme",
            distribution="acme",
            version="1",
            queues=[ONE, TWO],
            tasks=[call_one, call_two, call_in_process, limits_seen],
            providers=providers,
        )
        stop = asyncio.Event()
        applications = [
            Application(settings, Catalogue(plugins=[plugin])) for _ in range(max(workers, 1))
        ]
        for each in applications:
            await each.__aenter__()
        running = [asyncio.create_task(each.worker().run(stop)) for each in applications[:workers]]
        try:
            yield applications[0]
        finally:
            stop.set()
            await asyncio.gather(*running)
            for each in applications:
                await each.close()

    return run


async def submit(application: Application, type_name: str, **fields: Any) -> TaskRecord:
    return await application.dispatch.submit(
        Submission(type_name, msgspec.json.encode(Call(**fields)))
    )


async def submit_many(
    application: Application, number: int, type_name: str, **fields: Any
) -> list[TaskRecord]:
    return await asyncio.gather(*(submit(application, type_name, **fields) for _ in range(number)))


async def finished(
    application: Application, *tasks: TaskRecord, within: float = 60
) -> list[TaskRecord]:
    """The tasks as they ended."""
    done: dict[Any, TaskRecord] = {}

    async def all_ended() -> bool:
        for each in tasks:
            if each.id not in done:
                found = await application.ledger.find(each.id)
                assert found is not None
                if found.finished_at is None:
                    return False
                done[each.id] = found
        return True

    await until(all_ended, within=within)
    return [done[each.id] for each in tasks]


# Each release wakes the next: whoever waited for a lease to run out would not end in time.
@pytest.mark.parametrize("lease", [120])
@pytest.mark.parametrize("servers", ["one", "cluster"], indirect=True)
async def test_concurrency_holds_over_two_queues_and_two_workers(site: Site, lease: float) -> None:
    async with site(Provider("acme", concurrency=3), workers=2) as application:
        tasks = await submit_many(application, 15, "one.call", provider="acme", seconds=0.02)
        tasks += await submit_many(application, 15, "two.call", provider="acme", seconds=0.02)

        ended = await finished(application, *tasks)

        assert {(each.status, each.attempts) for each in ended} == {(Status.SUCCESS, 1)}
        assert seen.most["acme"] == 3


async def test_tasks_that_need_no_limited_provider_cost_no_call(site: Site) -> None:
    async with site(Provider("free"), Provider("acme", concurrency=1)) as application:
        limits = application.engine.providers
        await finished(
            application,
            *await submit_many(application, 5, "one.call"),
            *await submit_many(application, 5, "one.call", provider="free"),
        )
        assert limits.round_trips == 0

        await finished(application, await submit(application, "one.call", provider="acme"))
        assert limits.round_trips > 0


async def test_the_rate_of_a_provider_is_exact_over_two_queues(site: Site) -> None:
    rate = RateLimit(limit=5, period=timedelta(milliseconds=500))
    late = [0.1]
    async with (
        site(Provider("acme", rate_limit=rate), workers=2) as application,
        lateness_of_this_loop(late),
    ):
        tasks = await submit_many(application, 10, "one.call", provider="acme")
        tasks += await submit_many(application, 10, "two.call", provider="acme")

        await finished(application, *tasks)

    starts = sorted(seen.starts)
    assert len(starts) == 20
    # The handler starts a little after its grant: that is what the bound forgives.
    gaps = [later - earlier for earlier, later in zip(starts, starts[5:], strict=False)]
    assert min(gaps) > 0.5 - max(late)


@asynccontextmanager
async def lateness_of_this_loop(late: list[float]) -> AsyncIterator[None]:
    """Adds to ``late`` how many seconds everything in this loop, handlers too, came too late."""

    async def watch() -> None:
        while True:
            due = time.monotonic() + 0.01
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - due)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()


async def test_what_a_handler_says_it_used_is_charged(site: Site) -> None:
    provider = Provider("acme", units=UnitLimit(limit=1000, period=timedelta(days=1)))
    async with site(provider) as application:
        key = ProviderKeys.of(application.engine.namespace, "acme").bucket

        async def used() -> float:
            full = float(await application.engine._commands.get(key) or 0)
            seconds, microseconds = await application.engine._commands.time()
            return float(full - seconds * 1000 - microseconds / 1000) / 86_400

        for type_name in ("one.call", "one.process"):
            before = max(0, await used())
            fields = {"provider": "acme", "units": 100, "uses": 250}
            await finished(application, await submit(application, type_name, **fields))

            async def is_settled(before: float = before) -> bool:
                return 249 < await used() - before < 251

            await until(is_settled, within=30)


async def test_a_rate_limited_task_without_provider_waits_alone(site: Site) -> None:
    async with site() as application:
        for pause in PAUSES:
            seen.refusals, before = 1, len(seen.starts)
            limited = await submit(application, "one.call", refused=True, retry_after=pause)
            await until(lambda: asyncio.sleep(0, seen.refusals == 0))
            (other,) = await finished(application, await submit(application, "one.call"))
            (ended,) = await finished(application, limited)
            first, between, last = seen.starts[before:]
            assert last - first >= pause
            if between - first < pause:
                break

    assert between - first < pause
    assert (other.attempts, ended.attempts, ended.status) == (1, 1, Status.SUCCESS)
    assert application.engine.providers.round_trips == 0


@pytest.mark.parametrize("servers", ["one", "cluster"], indirect=True)
async def test_a_refusal_closes_a_provider_without_limits_in_all_queues(site: Site) -> None:
    seen.refusals = 1
    async with site(Provider("free"), workers=2) as application:
        fields = {"provider": "free", "refused": True}
        refused = await submit(application, "one.call", retry_after=1, **fields)

        await until_refused(application, refused)
        same = await submit(application, "one.call", provider="free")
        other = await submit(application, "two.call", provider="free")
        ended = await finished(application, refused, same, other)

    assert [(each.status, each.attempts) for each in ended] == [(Status.SUCCESS, 1)] * 3
    assert min(seen.starts[1:]) - seen.starts[0] >= 1


async def until_refused(application: Application, task: TaskRecord) -> None:
    """Wait until the ledger has it that a task waits for its provider, or has done so already."""

    async def is_refused() -> bool:
        found = await application.ledger.find(task.id)
        assert found is not None
        # It waits for the provider, and for no time of its own.
        assert found.run_at is None
        return seen.refusals == 0 and found.status is not Status.RUNNING

    await until(is_refused)


async def test_a_closed_provider_delays_nobody_else(site: Site) -> None:
    async def seconds_for_100(application: Application) -> float:
        began = time.monotonic()
        await finished(
            application, *await submit_many(application, 100, "one.call", provider="other")
        )
        return time.monotonic() - began

    acme = Provider("acme", concurrency=50)
    async with site(acme, Provider("other", concurrency=50)) as application:
        alone = await seconds_for_100(application)
        pause = max(5, 15 * alone)  # enough for what follows, however slow this machine is
        seen.refusals = 1
        refused = await submit(
            application, "one.call", provider="acme", refused=True, retry_after=pause
        )
        await until_refused(application, refused)
        blocked = await submit_many(application, 1000, "one.call", provider="acme")

        # A machine that stands still for a moment does not do so each time.
        beside = min([await seconds_for_100(application) for _ in range(3)])

        counts = (await application.engine.counts(["one"]))["one"]
        assert counts.active == 0
        assert beside < 2 * alone + 0.5
        assert len(seen.starts) == 401
        ended = await finished(application, refused, *blocked, within=pause + 60)
        assert {(each.status, each.attempts) for each in ended} == {(Status.SUCCESS, 1)}
        assert min(seen.starts[401:]) - seen.starts[100] >= pause
        logging.getLogger(__name__).info("100 tasks: %.3f s alone, %.3f s beside", alone, beside)


async def test_handlers_see_the_present_limits_of_providers(site: Site) -> None:
    async with site(Provider("acme", concurrency=3)) as application:
        (before,) = await finished(application, await submit(application, "one.limits"))
        await application.policies.change("provider", "acme", {"concurrency": "2"}, by="ada")
        (after,) = await finished(application, await submit(application, "one.limits"))

    assert [bytes(each.result or b"") for each in (before, after)] == [b"3", b"2"]


async def test_a_closed_provider_stays_closed_though_its_last_limit_is_lifted(site: Site) -> None:
    seen.refusals = 1
    async with site(Provider("acme", concurrency=5)) as application:
        fields = {"provider": "acme", "refused": True}
        refused = await submit(application, "one.call", retry_after=1, **fields)
        await until_refused(application, refused)
        waits = await submit(application, "one.call", provider="acme")

        await application.policies.change("provider", "acme", {"concurrency": "none"}, by="ada")
        ended = await finished(application, refused, waits)

    assert {each.status for each in ended} == {Status.SUCCESS}
    assert min(seen.starts[1:]) - seen.starts[0] >= 1


async def test_who_is_cut_off_at_the_start_gate_gives_its_grants_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = Ledger.start
    times = iter([True])

    async def hang_once(ledger: Ledger, *args: Any, **terms: Any) -> Any:
        if next(times, False):
            await asyncio.Event().wait()
        return await passed(ledger, *args, **terms)

    # A consumer that hangs while tasks wait is restarted after a while.
    monkeypatch.setattr(Ledger, "start", hang_once)
    async with site(Provider("acme", concurrency=1)) as application:
        tasks = await submit_many(application, 2 * ONE.concurrency, "one.call", provider="acme")

        ended = await finished(application, *tasks)

    assert {each.status for each in ended} == {Status.SUCCESS}
