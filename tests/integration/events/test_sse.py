"""A task's events over HTTP: complete, in order, once, whatever happens to the connection."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from benchmarks.event_source import SentEvent
from penstock.app import Application
from penstock.dispatch import Submission
from tests.integration.events.conftest import submit
from tests.integration.events.served import KEY, Served, served, until_followed
from tests.integration.events.talk_handlers import Speech


@pytest.fixture
async def api(application: Application) -> AsyncIterator[Served]:
    async with served(application) as api:
        yield api


@pytest.fixture
async def http(api: Served) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, trust_env=False) as client:
        yield client


def texts(events: list[SentEvent]) -> str:
    return "".join(
        msgspec.json.decode(each.data)["text"] for each in events if each.kind == "delta"
    )


async def all_of(api: Served, task_id: object, last_id: str | None = None) -> list[SentEvent]:
    async with asyncio.timeout(20):
        return [each async for each in api.events(task_id, last_id).events()]


async def test_events_end_with_the_terminal_status(
    application: Application, worker: None, api: Served
) -> None:
    record = await submit(application, Speech(["a", "b", "c"], pause=0.03))
    source = api.events(record.id)

    async with asyncio.timeout(20):
        events = [each async for each in source.events()]

    assert source.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert source.headers["cache-control"] == "no-store, no-transform"
    assert source.headers["x-accel-buffering"] == "no"
    assert texts(events) == "abc"
    last = msgspec.json.decode(events[-1].data)
    assert (events[-1].kind, events[-1].id) == ("status", None)
    assert (last["status"], last["result"]) == ("success", "abc")
    assert all((each.id is None) is (each.kind == "status") for each in events)


async def test_an_input_with_line_breaks_stays_one_event(
    application: Application, worker: None, api: Served
) -> None:
    text = '{\r\n  "words":\n ["a"]\r}'
    record = await application.dispatch.submit(Submission("talk.say", text))

    events = await all_of(api, record.id)

    assert msgspec.json.decode(events[-1].data)["input"] == {"words": ["a"]}


async def test_two_hundred_listeners_miss_nothing_though_they_lose_their_connections(
    application: Application, worker: None, api: Served, redis_url: str
) -> None:
    """A smaller sister of benchmarks/listeners.py."""
    words = [f"{i} " for i in range(200)]
    records = [await submit(application, Speech(words, pause=0.01)) for _ in range(4)]
    rng = random.Random(7)
    lost = 0

    async def listen(number: int) -> str:
        nonlocal lost
        events: list[SentEvent] = []
        last_id: str | None = None
        while not (events and events[-1].kind == "status" and b'"success"' in events[-1].data):
            source = api.events(records[number % 4].id, last_id)
            # The first connection of each is lost, however few pieces the text comes in.
            patience = rng.randrange(2, 40) if events else 1
            try:
                async for event in source.events():
                    events.append(event)
                    patience -= 1
                    if patience == 0:
                        source.cut()
                        lost += 1
                        break
            except ConnectionError:
                pass
            last_id = source.last_id
        assert not [each for each in events if each.kind == "gap"]
        ids = [each.id for each in events if each.id]
        assert len(ids) == len(set(ids))
        return texts(events)

    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        listening = [group.create_task(listen(i)) for i in range(200)]
        await asyncio.sleep(2)
        async with Redis.from_url(redis_url) as redis:
            clients = await redis.client_list()

    assert {each.result() for each in listening} == {"".join(words)}
    assert lost >= 200
    assert len(clients) < 40  # of the worker, too, and of other tests


async def test_who_comes_back_to_a_trimmed_stream_is_told_of_the_gap(
    application: Application, worker: None, api: Served, redis_url: str, namespace: str
) -> None:
    record = await submit(application, Speech(["a", "b"], pause=0.05))
    before = await all_of(api, record.id)
    first = next(each for each in before if each.id)
    async with Redis.from_url(redis_url) as redis:
        await redis.xtrim(f"{namespace}:events:{record.id}", maxlen=1, approximate=False)

    after = await all_of(api, record.id, first.id)
    anew = await all_of(api, record.id)

    assert [each.kind for each in after] == ["gap", "delta", "status"]
    assert [each.kind for each in anew] == ["gap", "delta", "status"]
    assert texts(after) == "b"


@pytest.mark.parametrize("given", ["x", "1", "1-", "1-2-3", "9" * 30 + "-0"])
async def test_an_id_that_is_none_is_refused(
    application: Application, http: httpx.AsyncClient, given: str
) -> None:
    record = await submit(application, Speech([]))

    answer = await http.get(
        f"/api/queues/tasks/{record.id}/events", headers={"Last-Event-ID": given}
    )

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-event-id"


async def test_a_task_that_is_not_there_and_a_caller_without_a_key_are_refused(
    http: httpx.AsyncClient,
) -> None:
    path = "/api/queues/tasks/01936f2e-0000-7000-8000-000000000001/events"
    assert (await http.get(path)).status_code == 404
    del http.headers["Authorization"]
    assert (await http.get(path)).status_code == 401


async def test_a_cancelled_task_ends_its_events(
    application: Application, api: Served, http: httpx.AsyncClient
) -> None:
    record = await submit(application, Speech(["a"]))
    following = asyncio.create_task(all_of(api, record.id))
    await until_followed(application)

    await http.post(f"/api/queues/tasks/{record.id}/cancel")

    async with asyncio.timeout(20):
        events = await following
    assert b'"cancelled"' in events[-1].data


async def test_listeners_are_let_go_when_the_server_stops(application: Application) -> None:
    record = await submit(application, Speech(["a"]))
    async with served(application) as api:
        following = asyncio.create_task(all_of(api, record.id))
        await until_followed(application)

    assert [each.kind for each in await following] == ["status"]
