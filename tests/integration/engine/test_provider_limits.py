"""The limits of providers, by the engine's own record."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from itertools import count

import pytest

from penstock import Provider, RateLimit, UnitLimit
from penstock.engine import (
    Engine,
    Grant,
    GrantSettlement,
    Heartbeat,
    ProviderLimits,
    RedisServers,
)
from penstock.engine.keys import ProviderKeys
from penstock.engine.provider_limits import FIRST_PAUSE, LONGEST_PAUSE, Taken
from tests.integration.engine.conftest import LEASE
from tests.services.engine_clock import let_pass, time_of
from tests.services.standstill import STANDSTILL

NONE = timedelta(0)
_ids = count()


@pytest.fixture
async def engine(engine_clock: None, redis_url: str, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    yield engine
    await engine.close()


@pytest.fixture
def limits(engine: Engine) -> ProviderLimits:
    return engine.providers


@pytest.fixture
def heartbeat(engine: Engine) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    yield heartbeat
    heartbeat.close()


def grants(number: int = 1, *, units: int = 1) -> list[Grant]:
    return [Grant(id=b"%d" % next(_ids), provider="acme", units=units) for _ in range(number)]


async def take(
    limits: ProviderLimits, provider: Provider, wanted: Sequence[Grant], queue: str = "q"
) -> int:
    return (await limits.take(provider, wanted, queue=queue)).count


async def give_back(limits: ProviderLimits, provider: Provider, *held: Grant) -> list[str]:
    over = [GrantSettlement(grant=each, is_over=True) for each in held]
    return await limits.settle(provider, over)


async def test_concurrency_is_counted_from_grants(limits: ProviderLimits) -> None:
    provider = Provider("acme", concurrency=3)
    first = grants(2)

    taken = await limits.take(provider, first, queue="a")
    assert taken == Taken(count=2, wait=NONE, is_listed=False)
    taken = await limits.take(provider, grants(5), queue="b")
    assert (taken.count, taken.is_listed) == (1, True)
    assert NONE < taken.wait <= LEASE
    assert await limits.has_turned_away("acme", "b")

    # Whoever gives one back learns whom that may help, once.
    assert await give_back(limits, provider, first[0]) == ["b"]
    assert await give_back(limits, provider, first[0]) == []
    assert await take(limits, provider, grants(2)) == 1


async def test_a_grant_that_nobody_renews_runs_out(
    limits: ProviderLimits, heartbeat: Heartbeat, engine: Engine
) -> None:
    provider = Provider("acme", concurrency=2)
    kept, lost = grants(2)
    assert await take(limits, provider, [kept, lost]) == 2

    for _ in range(12):
        assert await asyncio.to_thread(heartbeat.renew_grants, "acme", [kept]) == []
        await let_pass(engine, LEASE.total_seconds() / 6)

    assert await take(limits, provider, grants(5)) == 1


async def test_what_a_dead_worker_held_is_free_for_who_asks_when_told_to(
    limits: ProviderLimits, engine: Engine
) -> None:
    """Also if nobody else is heard of: asking late would look like an outage each time."""
    narrow = Provider("acme", concurrency=1)
    await take(limits, narrow, grants())
    died = await time_of(engine)

    for _ in range(20):
        taken = await limits.take(narrow, grants(), queue="q")
        if taken.count:
            break
        await let_pass(engine, taken.wait.total_seconds() + 0.01)

    assert taken.count == 1
    assert await time_of(engine) - died < 2 * LEASE.total_seconds()


async def test_grants_outlive_a_time_in_which_nobody_could_renew_them(
    limits: ProviderLimits, heartbeat: Heartbeat, engine: Engine
) -> None:
    provider = Provider("acme", concurrency=1)
    (held,) = grants()
    assert await take(limits, provider, [held]) == 1
    await let_pass(engine, 1.2 * LEASE.total_seconds())

    assert await take(limits, provider, grants()) == 0
    assert await asyncio.to_thread(heartbeat.renew_grants, "acme", [held]) == []
    assert await take(limits, provider, grants()) == 0


async def test_a_heartbeat_brings_no_grant_back_unless_the_server_lost_it(
    limits: ProviderLimits, heartbeat: Heartbeat, engine: Engine
) -> None:
    provider = Provider("acme", concurrency=1)
    (held,) = grants()
    await take(limits, provider, [held])
    await give_back(limits, provider, held)

    assert await asyncio.to_thread(heartbeat.renew_grants, "acme", [held]) == [held]
    assert await take(limits, provider, grants()) == 1

    await engine._commands.delete(*ProviderKeys.of(engine.namespace, "acme"))
    renew = heartbeat.renew_grants
    assert await asyncio.to_thread(renew, "acme", [held], put_back=True) == []
    assert await take(limits, provider, grants()) == 0


async def test_the_rate_limit_is_exact_in_any_window(
    limits: ProviderLimits, engine: Engine
) -> None:
    period = timedelta(seconds=200)
    provider = Provider("acme", rate_limit=RateLimit(limit=5, period=period))
    starts: list[float] = []
    while len(starts) < 23:
        answer = await limits.take(provider, grants(3), queue="q")
        taken, wait = answer.count, answer.wait
        starts += [await time_of(engine)] * taken
        assert (wait == NONE) == (taken == 3)
        await let_pass(engine, wait.total_seconds())

    # The clock is read a little after the script has read it.
    gaps = [later - earlier for earlier, later in zip(starts, starts[5:], strict=False)]
    assert min(gaps) > period.total_seconds() - STANDSTILL
    # Not slower either: each sleep ends when the next may start.
    assert starts[-1] - starts[0] < 4.5 * period.total_seconds()


async def test_units_are_charged_by_estimate_and_settled(limits: ProviderLimits) -> None:
    provider = Provider("acme", units=UnitLimit(limit=1000, period=timedelta(hours=1)))
    small, large = grants(units=400), grants(units=700)

    assert await take(limits, provider, small) == 1
    answer = await limits.take(provider, large, queue="b")
    taken, wait = answer.count, answer.wait
    assert taken == 0
    # 100 are lacking, and a unit takes 3.6 s.
    assert timedelta(seconds=350) < wait <= timedelta(seconds=360)

    # It used 150 fewer: that is enough, and the queue that was turned away is told.
    fewer = GrantSettlement(grant=small[0], units=-150, is_over=True)
    assert await limits.settle(provider, [fewer]) == ["b"]
    assert await take(limits, provider, large) == 1
    assert await take(limits, provider, grants(units=51)) == 0
    assert await take(limits, provider, grants(units=50)) == 1


async def test_what_was_used_beyond_the_estimate_is_a_debt(limits: ProviderLimits) -> None:
    provider = Provider("acme", units=UnitLimit(limit=1000, period=timedelta(seconds=100)))
    (grant,) = grants(units=100)
    assert await take(limits, provider, [grant]) == 1
    await limits.settle(provider, [GrantSettlement(grant=grant, units=1400)])

    wait = (await limits.take(provider, grants(), queue="q")).wait

    assert timedelta(seconds=40) < wait <= timedelta(seconds=50.1)


async def test_an_estimate_above_the_bucket_starts_with_a_full_one(limits: ProviderLimits) -> None:
    provider = Provider("acme", units=UnitLimit(limit=100, period=timedelta(hours=1), burst=50))

    assert await take(limits, provider, grants(units=80)) == 1
    answer = await limits.take(provider, grants(units=80), queue="q")
    taken, wait = answer.count, answer.wait

    assert taken == 0
    assert timedelta(minutes=47) < wait <= timedelta(minutes=48)


async def test_a_small_one_does_not_overtake_a_large_one(limits: ProviderLimits) -> None:
    provider = Provider("acme", units=UnitLimit(limit=10, period=timedelta(hours=1)))

    assert await take(limits, provider, [*grants(units=6), *grants(units=6), *grants()]) == 1


async def test_units_in_any_window_are_at_most_the_burst_and_what_flows_in(
    limits: ProviderLimits, engine: Engine
) -> None:
    period = timedelta(seconds=50)
    provider = Provider("acme", units=UnitLimit(limit=100, period=period, burst=20))
    used: list[tuple[float, int]] = []
    begin = await time_of(engine)
    while await time_of(engine) - begin < 120:
        answer = await limits.take(provider, grants(units=7), queue="q")
        taken, wait = answer.count, answer.wait
        used += [(await time_of(engine), 7)] * taken
        await let_pass(engine, wait.total_seconds())

    for start, _ in used:
        window = sum(n for at, n in used if start <= at < start + period.total_seconds())
        # One start's worth for our clock, which is not the server's.
        assert window <= 100 + 20 + 7
    total = sum(units for _, units in used)
    elapsed = used[-1][0] - used[0][0]
    assert 0.8 * (20 + 2 * elapsed) < total <= 20 + 2 * elapsed + 7


async def test_a_closed_provider_lets_nobody_through_until_it_opens(
    limits: ProviderLimits, engine: Engine
) -> None:
    provider = Provider("acme", concurrency=5)

    assert await limits.close("acme", timedelta(seconds=150)) == timedelta(seconds=150)
    answer = await limits.take(provider, grants(), queue="q")
    taken, wait = answer.count, answer.wait
    assert taken == 0
    assert NONE < wait <= timedelta(seconds=150)
    # A shorter pause does not open it.
    assert await limits.close("acme", timedelta(seconds=1)) > timedelta(seconds=50)

    await let_pass(engine, wait.total_seconds() + 0.01)
    assert await take(limits, provider, grants()) == 1


async def test_pauses_that_nobody_names_grow_and_are_bounded(
    limits: ProviderLimits, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, pause in (("FIRST_PAUSE", 100 * FIRST_PAUSE), ("LONGEST_PAUSE", 100 * LONGEST_PAUSE)):
        monkeypatch.setattr(f"penstock.engine.provider_limits.{name}", pause)
    closed = ProviderKeys.of(engine.namespace, "acme").closed
    pauses = []
    for _ in range(9):
        pauses.append(await limits.close("acme", None))
        # Another run that began before: it is the same closing.
        assert await limits.close("acme", None) <= pauses[-1]
        await engine._commands.delete(closed)

    assert pauses[:4] == [100 * FIRST_PAUSE * factor for factor in (1, 2, 4, 8)]
    assert pauses[-1] == 100 * LONGEST_PAUSE


async def test_a_provider_leaves_nothing_behind_for_ever(
    limits: ProviderLimits, engine: Engine
) -> None:
    provider = Provider(
        "acme",
        concurrency=1,
        rate_limit=RateLimit(limit=5, period=timedelta(minutes=5)),
        units=UnitLimit(limit=5, period=timedelta(minutes=5)),
    )
    await limits.take(provider, grants(3), queue="q")
    await limits.close("acme", None)
    await let_pass(engine, LEASE.total_seconds())
    await engine._commands.delete(ProviderKeys.of(engine.namespace, "acme").closed)
    await limits.take(provider, grants(3), queue="q")

    keys = await engine._commands.keys(f"{engine.namespace}:*")

    assert len(keys) >= 5
    never = -1  # in the words of PTTL
    assert never not in [await engine._commands.pttl(key) for key in keys], keys
