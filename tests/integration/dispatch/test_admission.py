"""How many tasks may wait: a limit per queue and per user, in Redis or in SQL while it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.dispatch import QueueFullError, Submission, UserQueueFullError
from penstock.dispatch.drain_rate import DrainRate
from penstock.engine import EngineUnavailableError
from penstock.ledger import Ledger
from tests.integration.dispatch.conftest import ACME, Build, Installation
from tests.services import RedisServer
from tests.services.gate import pass_gate
from tests.services.index import new_index

INPUT = b'{"source":"cat.png"}'
WAITING = "SELECT count(*) FROM task WHERE status = 'pending'"


@pytest.fixture
async def limited(build: Build) -> Callable[..., Awaitable[Installation]]:
    """Builds an installation one of whose queues has limits, and an index."""

    async def one(queue: str = "acme", **limits: int) -> Installation:
        installation = build(tuning={queue: limits})
        await new_index(installation.engine, "acme")
        return installation

    return one


Limited = Callable[..., Awaitable[Installation]]


async def scalar(ledger: Ledger, statement: str) -> int:
    connection: AsyncConnection
    async with ledger.database.read("look") as connection:
        return int((await connection.execute(text(statement))).scalar_one())


async def submitted(installation: Installation, count: int, **fields: Any) -> int:
    """Submit so many tasks at once; returns how many were accepted."""
    answers = await asyncio.gather(
        *(
            installation.dispatch.submit(Submission("acme.resize", INPUT, **fields))
            for _ in range(count)
        ),
        return_exceptions=True,
    )
    for each in answers:
        if isinstance(each, BaseException) and not isinstance(each, QueueFullError):
            raise each
    return sum(not isinstance(each, BaseException) for each in answers)


async def accepted(installation: Installation, count: int, **fields: Any) -> None:
    """Submit until so many were accepted, and then not one more is."""
    found = 0
    async with asyncio.timeout(30):
        while found < count:
            await asyncio.sleep(0.01)  # a refusal may rest on a count that is some 20 ms old
            found += await submitted(installation, count, **fields)
    assert found == count
    assert await submitted(installation, 1, **fields) == 0


async def handed_over(installation: Installation, waiting: int) -> None:
    """Wait until Redis has so many."""
    async with asyncio.timeout(30):
        while (await installation.engine.backlog("acme")) != waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_full_queue_refuses_a_task_before_anything_is_written(limited: Limited) -> None:
    installation = await limited(max_waiting=3)
    assert await submitted(installation, 2) == 2
    assert await submitted(installation, 1, delay=timedelta(hours=1)) == 1

    with pytest.raises(QueueFullError, match=r"queue 'acme' is full: 3 tasks wait") as caught:
        await installation.dispatch.submit(Submission("acme.resize", INPUT))

    assert (caught.value.code, caught.value.limit) == ("queue_full", 3)
    assert caught.value.retry_after >= timedelta(seconds=1)
    assert await scalar(installation.ledger, "SELECT count(*) FROM task") == 3
    await handed_over(installation, 3)


async def test_what_runs_does_not_wait(limited: Limited) -> None:
    installation = await limited(max_waiting=3)
    assert await submitted(installation, 5) == 3
    await handed_over(installation, 3)

    claim = await installation.engine.claim(ACME, 2)

    assert len(claim.leases) == 2
    await accepted(installation, 2)


async def test_of_many_at_once_one_process_accepts_exactly_what_fits(limited: Limited) -> None:
    installation = await limited(max_waiting=70)

    assert [await submitted(installation, 50) for _ in range(4)] == [50, 20, 0, 0]


async def test_several_processes_exceed_the_limit_by_what_comes_within_a_count(
    limited: Limited,
) -> None:
    installations = [await limited(max_waiting=50) for _ in range(3)]

    burst = await asyncio.gather(*(submitted(each, 200) for each in installations))
    await handed_over(installations[0], sum(burst))
    later = [await submitted(each, 200) for each in installations]

    assert 50 <= sum(burst) <= 150
    assert later == [0, 0, 0]


async def test_other_queues_have_room(limited: Limited) -> None:
    installation = await limited(max_waiting=1)
    assert await submitted(installation, 2) == 1

    await installation.dispatch.submit(Submission("other.total", b"[1]"))


async def test_a_task_that_was_accepted_before_is_never_refused(limited: Limited) -> None:
    installation = await limited(max_waiting=2, user_max_waiting=2)
    first = await installation.dispatch.submit(Submission("acme.resize", INPUT, user_id="ada"))
    assert await installation.dispatch.cancel(first.id, reason="for a while") is not None
    await accepted(installation, 2, user_id="ada")

    again = await installation.dispatch.retry(first.id)

    assert again is not None
    assert again.changed
    assert await scalar(installation.ledger, WAITING) == 3


async def test_each_user_has_a_limit_and_tasks_without_one_have_none(limited: Limited) -> None:
    installation = await limited(user_max_waiting=10)

    assert await asyncio.gather(
        submitted(installation, 30, user_id="ada"),
        submitted(installation, 30, user_id="bob"),
        submitted(installation, 30),
    ) == [10, 10, 30]  # type: ignore[comparison-overlap]  # a list, whatever its stub says
    with pytest.raises(UserQueueFullError, match="10 tasks of this user wait") as caught:
        await installation.dispatch.submit(Submission("acme.resize", INPUT, user_id="ada"))
    assert (caught.value.code, caught.value.user_id) == ("user_queue_full", "ada")


async def test_what_a_user_has_running_does_not_wait(limited: Limited) -> None:
    installation = await limited(user_max_waiting=3)
    assert await submitted(installation, 5, user_id="ada") == 3
    await handed_over(installation, 3)
    claim = await installation.engine.claim(ACME, 2)

    await pass_gate(installation.ledger, *(each.id for each in claim.leases))

    await accepted(installation, 2, user_id="ada")


async def test_without_limits_nothing_is_counted(installation: Installation) -> None:
    await new_index(installation.engine, "acme")
    await submitted(installation, 1)
    before = installation.ledger.database.statements

    assert await submitted(installation, 20, user_id="ada") == 20

    # The insert, and what begins and ends a transaction.
    assert installation.ledger.database.statements - before <= 3


async def test_without_redis_the_ledger_keeps_the_limit(build: Build, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    installation = build(redis_url=server.url, tuning={"acme": {"max_waiting": 40}})

    assert await submitted(installation, 30) == 30
    assert await submitted(installation, 30) == 10
    assert await submitted(installation, 30) == 0

    with server:
        await new_index(installation.engine, "acme")
        await handed_over(installation, 40)
        assert await submitted(installation, 1) == 0
        await installation.close()


async def test_an_index_that_is_being_built_is_not_believed(limited: Limited, build: Build) -> None:
    earlier = await limited(max_waiting=5)
    assert await submitted(earlier, 5) == 5
    await handed_over(earlier, 5)
    installation = build(tuning={"acme": {"max_waiting": 5}})
    await earlier.engine._commands.delete(*earlier.engine._keys("acme"))

    assert await submitted(installation, 5) == 0
    assert await installation.engine.begin_index("acme") is not None
    assert await submitted(installation, 5) == 0


async def test_callers_are_told_to_come_back_when_there_will_be_room(
    installation: Installation,
) -> None:
    now = 100.0
    rate = DrainRate(installation.ledger, clock=lambda: now)
    assert await rate.seconds_for("acme", 1) == 5

    async def ended(count: int) -> None:
        async with installation.ledger.database.write("count") as connection:
            await connection.execute(
                text("INSERT INTO queue_stat (queue, shard, completed) VALUES ('acme', 0, :n)"),
                {"n": count},
            )

    await ended(20)
    assert await rate.seconds_for("acme", 100) == 5  # it has looked within this second
    now += 1.25
    assert await rate.seconds_for("acme", 100) == 100 * 1.25 / 20
    assert await rate.seconds_for("acme", 1) == 1
    assert await rate.seconds_for("acme", 10_000) == 60
    assert await rate.seconds_for("other", 1) == 5


@pytest.fixture
async def slow(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> tuple[Installation, asyncio.Event]:
    """An installation that may be 10 tasks behind, and whose Redis takes none until it is let.

    Its other queue has room for one task.
    """
    monkeypatch.setattr("penstock.dispatch.handover._MOST_BEHIND", 10)
    monkeypatch.setattr("penstock.dispatch.handover._LONGEST_WAIT", 100)
    installation = await limited("other", max_waiting=1)
    is_open, enqueue = asyncio.Event(), installation.engine.enqueue

    async def wait_and_enqueue(*args: Any, **options: Any) -> int:
        await is_open.wait()
        return await enqueue(*args, **options)

    monkeypatch.setattr(installation.engine, "enqueue", wait_and_enqueue)
    return installation, is_open


async def away(*_args: Any, **_options: Any) -> int:
    raise EngineUnavailableError("away")


async def test_whoever_accepts_tasks_faster_than_redis_takes_them_waits(
    slow: tuple[Installation, asyncio.Event],
) -> None:
    installation, is_open = slow
    submissions = [Submission("acme.resize", INPUT)] * 11
    async with asyncio.timeout(30):
        await installation.dispatch.submit_all(submissions)

    more = [
        asyncio.create_task(installation.dispatch.submit_all(submissions)),
        asyncio.create_task(installation.dispatch.submit(submissions[0])),
    ]
    _, behind = await asyncio.wait(more, timeout=0.5)
    assert behind == set(more)
    assert await scalar(installation.ledger, "SELECT count(*) FROM task") == 11
    # Another queue has nothing to wait for.
    async with asyncio.timeout(30):
        await installation.dispatch.submit(Submission("other.total", b"[1]"))

    is_open.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*more)
    await handed_over(installation, 23)


async def test_whoever_waits_for_one_queue_does_not_hold_the_room_of_another(
    slow: tuple[Installation, asyncio.Event],
) -> None:
    installation, is_open = slow
    await installation.dispatch.submit_all([Submission("acme.resize", INPUT)] * 11)
    other = Submission("other.total", b"[1]")
    both = asyncio.create_task(
        installation.dispatch.submit_all([other, Submission("acme.resize", INPUT)])
    )
    _, waiting = await asyncio.wait([both], timeout=0.5)
    assert waiting

    async with asyncio.timeout(30):
        await installation.dispatch.submit(other)

    is_open.set()
    with pytest.raises(QueueFullError, match="other"):
        await both
    assert await scalar(installation.ledger, "SELECT count(*) FROM task") == 12


async def test_nobody_waits_for_a_redis_that_is_away(
    slow: tuple[Installation, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, _ = slow

    monkeypatch.setattr(installation.engine, "enqueue", away)
    for _ in range(3):
        async with asyncio.timeout(30):
            await installation.dispatch.submit_all([Submission("acme.resize", INPUT)] * 11)
    assert await scalar(installation.ledger, "SELECT count(*) FROM task") == 33


async def test_nobody_waits_for_a_handover_that_was_stopped(
    slow: tuple[Installation, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.handover._PATIENCE", 0.1)
    installation, _ = slow
    submissions = [Submission("acme.resize", INPUT)] * 11
    await installation.dispatch.submit_all(submissions)
    more = asyncio.create_task(installation.dispatch.submit_all(submissions))
    _, waiting = await asyncio.wait([more], timeout=1)
    assert waiting

    await installation.dispatch.close()

    async with asyncio.timeout(30):
        await more


async def test_a_slow_redis_is_waited_for_a_moment_only(
    slow: tuple[Installation, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.handover._LONGEST_WAIT", 0.1)
    installation, is_open = slow
    for _ in range(3):
        async with asyncio.timeout(30):
            await installation.dispatch.submit_all([Submission("acme.resize", INPUT)] * 11)
    assert await scalar(installation.ledger, "SELECT count(*) FROM task") == 33
    is_open.set()
    await handed_over(installation, 33)


async def test_only_while_redis_is_away_tasks_are_left_to_the_audit(
    slow: tuple[Installation, asyncio.Event],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("penstock.dispatch.handover._MOST_KEPT", 20)
    installation, is_open = slow
    submissions = [Submission("acme.resize", INPUT)] * 30
    is_open.set()
    async with asyncio.timeout(30):
        await installation.dispatch.submit_all(submissions)
    await handed_over(installation, 30)

    enqueue = installation.engine.enqueue
    monkeypatch.setattr(installation.engine, "enqueue", away)
    await installation.dispatch.submit(submissions[0])
    async with asyncio.timeout(30):
        while "wait in the ledger" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await installation.dispatch.submit_all(submissions)
    monkeypatch.setattr(installation.engine, "enqueue", enqueue)
    await handed_over(installation, 50)
