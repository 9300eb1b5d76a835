"""The synchronous client: any thread, any process, no event loop of the caller's."""

import asyncio
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import get_overloads
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from penstock import (
    BatchHandle,
    BatchNotFoundError,
    BatchSealedError,
    Callback,
    Client,
    PenstockError,
    SyncBatchHandle,
    SyncClient,
    SyncTaskHandle,
    TaskFailedError,
    TaskFilter,
    TaskHandle,
    TaskNotFoundError,
    TaskRequest,
    TaskStatusError,
)
from penstock.dispatch import audit
from penstock.ledger import Origin
from tests.integration.client.conftest import Image, Resize, once, resize, talk, worker

PATIENCE = timedelta(seconds=20)
pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture
def client(environment, tmp_path) -> Iterator[SyncClient]:
    with SyncClient(environ=environment, directory=tmp_path) as client:
        yield client


@pytest.fixture
def working(environment, tmp_path) -> Iterator[None]:
    """A worker in a thread of its own."""
    started, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with worker(environment, tmp_path):
            started.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, run())
        assert started.wait(10)
        yield
        stop.set()
        running.result()


def test_it_does_what_the_other_client_does(client, working):
    handle = client.submit(resize, Resize("a"), user_id="ada", priority="high")

    assert handle.result(timeout=PATIENCE) == Image("a@320")
    assert (handle.status().status, handle.status().user_id) == ("success", "ada")
    with pytest.raises(TaskStatusError):
        handle.retry()
    with pytest.raises(TaskNotFoundError):
        client.task(uuid4())


def test_it_has_all_that_the_other_client_has():
    def methods(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(each).parameters)
            for name, each in vars(kind).items()
            if inspect.isfunction(each) and not name.startswith("_")
        }

    only_there = {"opened", "abandon", "handle"}
    for mine, other in [
        (SyncClient, Client),
        (SyncTaskHandle, TaskHandle),
        (SyncBatchHandle, BatchHandle),
    ]:
        expected = {k: v for k, v in methods(other).items() if k not in only_there}
        assert {k: v for k, v in methods(mine).items() if k != "close"} == expected


def test_type_checkers_know_the_terms_of_the_other_client():
    mine, others = [
        [set(inspect.signature(each).parameters) for each in get_overloads(method)]
        for method in (SyncClient.submit, Client.submit)
    ]

    assert mine == others


def test_a_task_is_cancelled_and_run_again(client):
    handle = client.submit(resize, Resize("a"))

    assert handle.cancel("a typo").status == "cancelled"
    with pytest.raises(TaskFailedError, match="a typo"):
        handle.result()
    assert handle.retry().status == "pending"
    assert client.cancel(handle.id).status == "cancelled"
    assert client.retry(handle.id).status == "pending"
    with pytest.raises(TimeoutError):
        handle.result(timeout=timedelta(seconds=0.1))


def test_many_threads_share_it(client, working):
    with ThreadPoolExecutor(10) as pool:
        handles = list(pool.map(lambda n: client.submit(resize, Resize("a", n)), range(50)))
        results = list(pool.map(lambda each: each.result(timeout=PATIENCE), handles))

    assert results == [Image(f"a@{number}") for number in range(50)]


def test_many_are_submitted_at_once(client, working):
    requests = [TaskRequest(resize, Resize("a", number)) for number in range(20)]

    first = client.submit_many(requests, idempotency_key="k")
    second = client.submit_many(requests, idempotency_key="k")

    assert [each.id for each in first] == [each.id for each in second]
    assert {each.origin for each in second} == {Origin.REPLAYED}
    assert first[7].result(timeout=PATIENCE) == Image("a@7")


def test_a_batch_is_followed_to_its_callback(client, working):
    handle = client.submit_batch(
        [TaskRequest(resize, Resize("a"))],
        callback=Callback(resize, Resize("done")),
        name="pictures",
        sealed=False,
    )
    assert client.batch_has_finished(handle.id) is False
    for _ in range(2):
        assert handle.add([TaskRequest(resize, Resize("b"))], idempotency_key="k").total == 2
    assert handle.seal().sealed_at is not None
    with pytest.raises(BatchSealedError):
        client.add_to_batch(handle.id, [TaskRequest(resize, Resize("c"))])

    ended = handle.wait(timeout=PATIENCE)

    assert (ended.counts.success, ended.finished, ended) == (2, True, handle.status())
    assert client.ended(ended.callback_task_id).result == {"key": "done@320"}
    others = [client.submit_batch([], name=str(number)).id for number in range(3)]
    assert [each.name for each in client.batches()] == ["2", "1", "0", "pictures"]
    assert [each.id for each in client.batches(before=others[1])] == [others[0], handle.id]
    with pytest.raises(BatchNotFoundError):
        client.cancel_batch(uuid4())


def test_tasks_are_listed_and_many_are_changed(client, monkeypatch):
    monkeypatch.setattr("penstock.client.client._PAGE", 2)
    ids = [client.submit(resize, Resize("a"), user_id="ada").id for _ in range(5)]
    ada = TaskFilter(user_id="ada")

    assert [each.id for each in client.tasks(ada)] == ids[::-1]
    assert [each.id for each in client.tasks(ada, before=ids[3])] == ids[2::-1]
    assert next(iter(client.tasks())).id == ids[4]
    assert set(client.cancel_many(ada, reason="late")) == set(ids)
    again = client.retry_many([ids[0], uuid4()])
    assert {key: each.status for key, each in again.items()} == {ids[0]: "pending"}


def test_a_task_is_followed_by_its_events(client, working):
    handle = client.submit(talk, "hello")

    events = list(handle.events())

    said = [each for each in events if each.kind == "delta"]
    assert "".join(each.data["text"] for each in said) == "hello"
    assert (events[-1].kind, events[-1].data.status) == ("status", "success")
    behind = list(client.events(handle.id, after=said[-1].id))
    assert [each.kind for each in behind] == ["status"]
    with pytest.raises(TaskNotFoundError):
        next(client.events(uuid4()))


def test_whoever_stops_following_leaves_nothing_behind(client):
    handle = client.submit(resize, Resize("a"))
    events, forgotten = handle.events(), handle.events()
    assert next(events).data.status == next(forgotten).data.status == "pending"
    hub = client._client.application.hub
    assert hub.listeners == 2

    events.close()
    del forgotten

    assert hub.listeners == 0


def test_what_is_followed_ends_when_the_client_is_closed(client):
    handle = client.submit(resize, Resize("a"))
    events, waiting = handle.events(), ThreadPoolExecutor(1)
    next(events)
    following = waiting.submit(next, events, None)
    while not following.running():
        pass

    client.close()

    with waiting:
        assert following.exception(10) is None or isinstance(following.exception(), PenstockError)
    assert next(handle.events()).data.status == "pending"


@pytest.fixture
def no_audit(monkeypatch):
    """What is not handed over by whoever submits it is not found for an hour."""
    monkeypatch.setattr(audit, "_HANDED_OVER", timedelta(hours=1))


def test_it_submits_within_the_caller_s_transaction(client, no_audit, working, database_url):
    url = database_url.replace("+asyncpg", "+psycopg").replace("+aiosqlite", "")
    engine = create_engine(url)
    with Session(engine) as session:
        undone = client.submit(resize, Resize("a"), session=session)
        session.rollback()
        kept = client.submit(resize, Resize("b"), session=session)
        session.commit()
    with engine.begin() as connection:
        unique = client.submit(once, Resize("c"), session=connection)

    assert kept.result(timeout=PATIENCE) == Image("b@320")
    assert unique.result(timeout=PATIENCE) == Image("c")
    with pytest.raises(TaskNotFoundError):
        undone.status()
    engine.dispose()


def test_it_opens_anew_after_it_was_closed(client):
    handle = client.submit(resize, Resize("a"))
    client.close()
    client.close()

    assert handle.status().status == "pending"


def test_whoever_is_interrupted_while_it_opens_may_use_it_again(client, monkeypatch):
    build, caller = Client._build, threading.get_ident()

    def interrupted(self):
        signal.pthread_kill(caller, signal.SIGINT)
        return build(self)

    client.close()
    monkeypatch.setattr(Client, "_build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.submit(resize, Resize("a"))
    monkeypatch.setattr(Client, "_build", build)

    assert client.submit(resize, Resize("a")).status().status == "pending"


def test_it_is_not_used_from_within_its_own_loop(client):
    async def inside() -> None:
        client.task(uuid4())

    with pytest.raises(PenstockError, match="its own event loop"):
        client._thread.call(inside())


def test_a_client_that_is_forgotten_takes_nothing_along(environment, tmp_path):
    before = threading.active_count()
    client = SyncClient(environ=environment, directory=tmp_path)
    client.submit(resize, Resize("a"))
    client.close()
    del client
    gc.collect()
    assert threading.active_count() == before


PROGRAM = """
import os, sys
from penstock import PenstockError, SyncClient
from penstock_ai.document import DocumentInput, document

client = SyncClient()
submit = lambda: client.submit(document, DocumentInput(markdown="x", format="html"))
ask = lambda: submit().status().status
handle = submit()
events = handle.events()
print(next(events).data.status, flush=True)
child = os.fork()
if child == 0:
    print(ask(), handle.status().status, flush=True)
    try:
        next(events)
    except PenstockError:
        print("parent's", flush=True)
    sys.exit(0)
_, code = os.waitpid(child, 0)
print(code, ask(), flush=True)
"""


WHILE_IT_OPENS = """
import os, sys, threading
from penstock import Client, SyncClient
from penstock_ai.document import DocumentInput, document

client = SyncClient()
submit = lambda: client.submit(document, DocumentInput(markdown="x", format="html"))
is_open, forked, enter = threading.Event(), threading.Event(), Client.__aenter__

async def enter_slowly(client):
    found = await enter(client)
    is_open.set()
    forked.wait()
    return found

Client.__aenter__ = enter_slowly
opening = threading.Thread(target=submit)
opening.start()
is_open.wait()
child = os.fork()
if child == 0:
    Client.__aenter__ = enter
    print(submit().status().status, flush=True)
    sys.exit(0)
_, code = os.waitpid(child, 0)
forked.set()
opening.join()
print(code, submit().status().status, flush=True)
"""


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (PROGRAM, ["pending", "pending", "pending", "parent's", "0", "pending"]),
        (WHILE_IT_OPENS, ["pending", "0", "pending"]),
    ],
    ids=["open", "opening"],
)
def test_each_process_of_a_server_that_forks_opens_connections_of_its_own(
    environment, tmp_path: Path, program: str, expected: list[str]
):
    # Nobody closes it: the program ends all the same.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    # Without a worker there is no index in Redis, and a line of the log says so.
    said = [line for line in done.stderr.splitlines() if "the reconciler builds it" not in line]
    assert (done.returncode, said) == (0, [])
    assert done.stdout.split() == expected
