"""Whoever follows a task sees what its run says, and how it ends."""

# ruff: noqa: ASYNC110  (there is nobody to tell)

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from redis.asyncio import Redis

from penstock.app import Application
from penstock.events import Event
from penstock.ledger import Status, TaskRecord
from penstock.plugins import Catalogue
from penstock.settings import Settings
from tests.integration.events.conftest import PLUGIN, submit
from tests.integration.events.talk_handlers import Speech
from tests.services import RedisServer
from tests.services.at_work import at_work


async def followed(application: Application, record: TaskRecord, **options: Any) -> list[Any]:
    """All that is told of a task until it has ended."""
    told: list[Any] = []
    async with asyncio.timeout(20):
        async for batch in application.hub.follow(record, **options):
            told += batch
    return told


def text_of(told: list[Any]) -> str:
    return "".join(
        msgspec.json.decode(each.data)["text"]
        for each in told
        if isinstance(each, Event) and each.kind == "delta"
    )


def statuses(told: list[Any]) -> list[Status]:
    return [each.status for each in told if isinstance(each, TaskRecord)]


async def test_text_log_and_progress_come_before_the_end(
    application: Application, worker: None
) -> None:
    words = [f"word{i} " for i in range(50)]
    record = await submit(application, Speech(words, pause=0.005, log=["hello"]))

    told = await followed(application, record)

    assert text_of(told) == "".join(words)
    assert statuses(told) == ["pending", "running", "success"]
    assert told[-1].status == "success"
    kinds = {each.kind for each in told if isinstance(each, Event)}
    assert kinds == {"progress", "log", "delta"}
    (line,) = [
        msgspec.json.decode(each.data) for each in told if getattr(each, "kind", "") == "log"
    ]
    assert (line["level"], line["message"], line["fields"]) == ("info", "hello", {"words": 50})
    assert line["run"] == 1


async def test_who_comes_late_gets_it_all(application: Application, worker: None) -> None:
    record = await submit(application, Speech(["a", "b"]))
    ended = await application.hub.ended(record.id)
    assert ended is not None

    told = await followed(application, ended)

    assert text_of(told) == "ab"
    assert statuses(told) == ["success"]


async def test_what_a_process_says_is_followed_as_well(
    application: Application, worker: None
) -> None:
    speech = Speech(["x" * 100_000, "half", "y"], log=["from afar"])
    record = await submit(application, speech, "talk.shout")

    told = await followed(application, record)

    assert text_of(told) == "x" * 100_000 + "?y"
    assert [each.kind for each in told if isinstance(each, Event)].count("log") == 1
    assert told[-1].status == "success"


async def test_each_run_says_which_it_is(application: Application, worker: None) -> None:
    record = await submit(application, Speech(["a"], fails=True))

    told = await followed(application, record)

    runs = [
        msgspec.json.decode(each.data)["run"]
        for each in told
        if isinstance(each, Event) and each.kind == "delta"
    ]
    assert runs == [1, 2]
    assert statuses(told)[-1] == "failed"


async def test_status_is_told_by_the_ledger_after_a_wipe_and_a_cut_line(
    application: Application, worker: None, redis_url: str, namespace: str
) -> None:
    record = await submit(application, Speech(["a"] * 30, pause=0.05))
    following = asyncio.create_task(followed(application, record))
    await until_said(redis_url, f"{namespace}:events:{record.id}")
    async with Redis.from_url(redis_url) as redis:
        # All that this installation has; the session's server serves other tests.
        keys = [key async for key in redis.scan_iter(f"{namespace}:*")]
        await redis.delete(*keys)
        await redis.client_kill_filter(_type="pubsub")

    told = await following

    assert statuses(told)[-1] == "success"
    assert told[-1].status == "success"
    # What was said after the wipe is here, and that something is missing as well, if it is.
    assert text_of(told).count("a") + 5 >= 30


async def test_a_listener_is_told_of_the_end_though_nothing_is_announced(
    application: Application, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.event_hub._REFRESH", 0.3)

    async def deaf(_: object) -> AsyncIterator[Any]:
        await asyncio.sleep(3600)
        yield

    monkeypatch.setattr(application.engine, "changes", deaf)
    record = await submit(application, Speech(["a", "b"], pause=0.1))

    told = await followed(application, record)

    assert text_of(told) == "ab"
    assert statuses(told)[-1] == "success"


async def test_without_redis_a_task_runs_and_its_end_is_told_with_a_gap(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.event_hub._REFRESH", 0.3)
    with RedisServer(tmp_path / "own-redis") as server:
        settings = Settings.load(
            environment | {"REDIS_URL": server.url}, tmp_path, plugins=["talk"]
        )
        async with (
            Application(settings, Catalogue(plugins=[PLUGIN])) as application,
            at_work(application.worker()),
        ):
            record = await submit(application, Speech(["a"] * 10, pause=0.05))
            following = asyncio.create_task(followed(application, record))
            await until_said(server.url, f"{settings.namespace}:events:{record.id}")
            server.stop()

            told = await following
            server.start()

    kinds = [each.kind for each in told if isinstance(each, Event)]
    assert kinds[-1] == "gap"
    assert told[-1].status == "success"


async def test_a_listener_that_is_slow_holds_up_nobody_and_misses_nothing(
    application: Application, worker: None
) -> None:
    words = [f"{i} " + "x" * 1000 for i in range(600)]
    record = await submit(application, Speech(words, pause=0.001))
    slow: list[Any] = []

    quick_one_is_done = asyncio.Event()

    async def dawdle() -> None:
        async for batch in application.hub.follow(record):
            slow.extend(batch)
            await quick_one_is_done.wait()

    dawdling = asyncio.create_task(dawdle())
    quick = await followed(application, record)
    behind = len(slow)
    quick_one_is_done.set()
    async with asyncio.timeout(20):
        await dawdling

    assert text_of(quick) == "".join(words)
    assert behind < len(quick)
    assert text_of(slow) == "".join(words)
    assert not [each for each in slow if isinstance(each, Event) and each.kind == "gap"]


async def test_nobody_listens_when_nobody_follows(
    application: Application, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.event_hub._REFRESH", 0.05)
    record = await submit(application, Speech(["a"]))

    await followed(application, record)

    async with asyncio.timeout(20):
        while application.hub._tasks:
            await asyncio.sleep(0.02)
    assert statuses(await followed(application, record))[-1] == "success"


async def test_nothing_is_left_of_those_that_listened_when_it_is_closed(
    application: Application, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor of those that were about to end: a loop that closes would wait for them for ever."""
    monkeypatch.setattr("penstock.dispatch.event_hub._REFRESH", 0.05)
    await followed(application, await submit(application, Speech(["a"])))
    async with asyncio.timeout(20):
        while application.hub._tasks:
            await asyncio.sleep(0.001)

    await application.hub.close()

    left = [each for each in asyncio.all_tasks() if each.get_name().startswith("news")]
    assert left == []


async def test_the_end_is_waited_for_no_longer_than_asked(application: Application) -> None:
    record = await submit(application, Speech(["a"]))

    found = await application.hub.ended(record.id, timedelta(milliseconds=50))

    assert found is not None
    assert found.status == "pending"
    assert await application.hub.ended(uuid4()) is None


async def until_said(redis_url: str, key: str) -> None:
    async with Redis.from_url(redis_url) as redis, asyncio.timeout(20):
        while not await redis.exists(key):
            await asyncio.sleep(0.01)
