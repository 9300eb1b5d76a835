"""What plugins add to a worker: middlewares, listeners; and what becomes of those that fail."""

import asyncio
import json
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Struct
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock import (
    Middleware,
    PermanentError,
    Queue,
    RetryPolicy,
    SettingsReader,
    TaskListener,
    TaskOutcome,
    TransientError,
    task,
)
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import (
    AbsentTaskTypeError,
    Catalogue,
    Plugin,
    QuarantinedPlugin,
    UnknownQueueError,
)
from penstock.settings import Settings
from tests.services import find_free_port

JOBS = Queue("jobs", retry=RetryPolicy(initial_interval=timedelta(milliseconds=10), jitter=0))
OTHERS = Queue("others")


class Job(Struct):
    ends: str = "success"


class Tuning(Struct, frozen=True):
    factor: int = 1


_seen: set[str] = set()


@task("jobs.run", queue=JOBS)
async def run(job: Job) -> Job:
    """End as it is told."""
    if job.ends == "failed":
        raise PermanentError("no", code="refused")
    if job.ends == "pending" and job.ends not in _seen:
        _seen.add(job.ends)
        raise TransientError("not yet")
    return job


@task("others.run", queue=OTHERS)
async def other(job: Job) -> Job:
    """Succeed."""
    return job


def plugin(name: str, **declared: Any) -> Plugin:
    empty: dict[str, Any] = {"queues": [], "tasks": []}
    return Plugin(name=name, distribution=f"penstock-{name}", version="1.2", **empty | declared)


PLUGIN = plugin("jobs", queues=[JOBS], tasks=[run], settings=[Tuning])
OTHER = plugin("others", queues=[OTHERS], tasks=[other])
BROKEN = QuarantinedPlugin(
    name="broken",
    distribution="penstock-broken",
    version="2.0",
    problems=["importing 'penstock_broken' raised ZeroDivisionError"],
)


@dataclass
class Told:
    """A listener that keeps what it is told."""

    outcomes: list[TaskOutcome] = field(default_factory=list)
    factor: int = 0
    threads: set[str] = field(default_factory=set)
    closed: bool = False

    @asynccontextmanager
    async def open(self, settings: SettingsReader) -> AsyncIterator[Any]:
        self.factor = settings(Tuning).factor

        async def tell(outcome: TaskOutcome) -> None:
            self.threads.add(threading.current_thread().name)
            self.outcomes.append(outcome)

        yield tell
        self.closed = True


class Recorder(TaskiqMiddleware):
    """Notes what it is called with."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.calls: list[str] = []

    async def startup(self) -> None:
        self.calls.append("startup")

    async def shutdown(self) -> None:
        self.calls.append("shutdown")

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        self.calls.append(f"pre {message.task_name}")
        return message

    def post_save(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        self.calls.append(f"saved {message.task_name}")


class World:
    """An application of some plugins, with a worker."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.application = Application(settings, catalogue)

    async def ended(self, type_: str = "jobs.run", ends: str = "success") -> TaskRecord:
        submitted = await self.application.dispatch.submit(
            Submission(type_, json.dumps({"ends": ends}).encode())
        )
        return await self.until_ended(submitted.id)

    async def until_ended(self, task_id: UUID) -> TaskRecord:
        async with asyncio.timeout(20):
            while True:
                found = await self.application.dispatch.find(task_id)
                if found is not None and found.finished_at is not None:
                    return found
                await asyncio.sleep(0.01)


Build = Callable[..., Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Either database would do."""
    return sqlite_url


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    said = {"PENSTOCK_JOBS_FACTOR": "7", "PENSTOCK_PROBE_PORT": str(find_free_port())}
    return Settings.load({**environment, **said}, tmp_path, plugins=["jobs"])


@pytest.fixture
def serving(settings: Settings) -> Build:
    """Runs a worker of these plugins for as long as the context lasts."""

    @asynccontextmanager
    async def build(
        *plugins: Plugin, quarantined: Any = (), queues: Any = ()
    ) -> AsyncIterator[World]:
        world = World(settings, Catalogue(plugins=plugins, quarantined=quarantined))
        stop = asyncio.Event()
        async with world.application:
            worker = world.application.worker(queues)
            running = asyncio.create_task(worker.run(stop))
            try:
                yield world
            finally:
                stop.set()
                await running

    return build


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  (what other threads do cannot be awaited)
            await asyncio.sleep(0.01)


async def readiness(settings: Settings) -> tuple[int, str]:
    """Status and detail of /readyz."""

    def ask() -> tuple[int, str]:
        url = f"http://127.0.0.1:{settings.probe_port}/readyz"
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.status, json.load(answer)["detail"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["detail"]

    return await asyncio.to_thread(ask)


# -- listeners ---------------------------------------------------------------------------------


async def test_a_listener_is_told_of_each_end_once_the_ledger_has_it(serving: Build) -> None:
    told = Told()
    notify = plugin("notify", listeners=[TaskListener("all", open=told.open)])

    async with serving(PLUGIN, notify) as world:
        succeeded = await world.ended()
        failed = await world.ended(ends="failed")
        await until(lambda: len(told.outcomes) == 2)

    assert [(each.task_id, each.status) for each in told.outcomes] == [
        (succeeded.id, "success"),
        (failed.id, "failed"),
    ]
    _, last = told.outcomes
    assert (last.type, last.queue, last.attempt, last.max_attempts) == ("jobs.run", "jobs", 1, 3)
    assert (last.error_code, last.error_message, last.run_at) == ("refused", "no", None)
    assert last.started_at <= last.finished_at
    assert (told.factor, told.threads, told.closed) == (7, {"listener-all"}, True)


async def test_a_listener_is_told_of_runs_that_are_repeated_if_it_asks_for_them(
    serving: Build,
) -> None:
    told = Told()
    _seen.clear()
    listener = TaskListener("retries", open=told.open, statuses={"pending"})

    async with serving(PLUGIN, plugin("notify", listeners=[listener])) as world:
        await world.ended(ends="pending")
        await until(lambda: told.outcomes)

    (outcome,) = told.outcomes
    assert (outcome.status, outcome.error_message) == ("pending", "not yet")
    assert outcome.run_at is not None


async def test_listeners_that_raise_hang_or_block_harm_nobody_and_are_logged(
    serving: Build, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.worker.listener_thread._LAST_PATIENCE", 0.2)
    told, free = Told(), threading.Event()

    def listener(name: str, tell: Any) -> TaskListener:
        @asynccontextmanager
        async def opened(_: SettingsReader) -> AsyncIterator[Any]:
            yield tell

        return TaskListener(name, open=opened)

    async def raises(_: TaskOutcome) -> None:
        raise SystemExit(3)

    async def hangs(_: TaskOutcome) -> None:
        await asyncio.Event().wait()

    async def blocks(_: TaskOutcome) -> None:
        free.wait(60)

    bad = plugin(
        "bad",
        listeners=[
            listener("raises", raises),
            listener("hangs", hangs),
            listener("blocks", blocks),
            TaskListener("good", open=told.open),
        ],
    )
    async with serving(PLUGIN, bad) as world:
        for _ in range(5):
            await world.ended()
        assert not free.is_set()
        await until(lambda: len(told.outcomes) == 5)

    free.set()
    assert "plugin 'bad' (penstock-bad 1.2): task listener 'raises' lost an outcome" in caplog.text
    assert "task listener 'hangs' was not told of 4 outcomes" in caplog.text
    assert "task listener 'blocks' hangs, and is left behind" in caplog.text


# -- middlewares -------------------------------------------------------------------------------


async def test_a_middleware_sees_the_tasks_of_all_plugins_and_starts_once(serving: Build) -> None:
    made: list[Recorder] = []

    def make(settings: SettingsReader) -> TaskiqMiddleware:
        made.append(Recorder(settings(Tuning).factor))
        return made[-1]

    tracing = plugin("tracing", middlewares=[Middleware("recorder", make=make)])
    async with serving(PLUGIN, OTHER, tracing) as world:
        await world.ended("jobs.run")
        await world.ended("others.run")
        (recorder,) = made
        await until(lambda: len(recorder.calls) == 5)

    assert recorder.factor == 7
    assert recorder.calls == [
        "startup",
        "pre jobs.run",
        "saved jobs.run",
        "pre others.run",
        "saved others.run",
        "shutdown",
    ]


def _no_middleware(_: SettingsReader) -> Any:
    return "nothing of the kind"


def _fails(_: SettingsReader) -> Any:
    raise ValueError("no endpoint")


class Slow(TaskiqMiddleware):
    async def startup(self) -> None:
        await asyncio.Event().wait()


@asynccontextmanager
async def _unopened(_: SettingsReader) -> AsyncIterator[Any]:
    raise ConnectionError("no pager at amqp://me:hunter2@pager/")
    yield


def _exits(_: SettingsReader) -> Any:
    sys.exit("no endpoint")


class Exits(TaskiqMiddleware):
    async def startup(self) -> None:
        sys.exit(3)


@asynccontextmanager
async def _exits_at_opening(_: SettingsReader) -> AsyncIterator[Any]:
    sys.exit(4)
    yield


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (
            {"middlewares": [Middleware("m", make=_fails)]},
            "middleware 'm' could not be made: ValueError: no end",
        ),
        (
            {"middlewares": [Middleware("m", make=_no_middleware)]},
            "expected middleware 'm' to be a taskiq.TaskiqMiddleware, got 'nothing of the kind'",
        ),
        (
            {"middlewares": [Middleware("m", make=lambda _: Slow())]},
            "middleware 'm' could not be started: TimeoutError",
        ),
        (
            {"listeners": [TaskListener("l", open=_unopened)]},
            "task listener 'l' could not be opened: ConnectionError: no pager at amqp://me:***@",
        ),
        (
            {"middlewares": [Middleware("m", make=_exits)]},
            "middleware 'm' could not be made: SystemExit: no endpoint",
        ),
        (
            {"middlewares": [Middleware("m", make=lambda _: Exits())]},
            "middleware 'm' could not be started: SystemExit: 3",
        ),
        (
            {"listeners": [TaskListener("l", open=_exits_at_opening)]},
            "task listener 'l' could not be opened: SystemExit: 4",
        ),
    ],
    ids=["raises", "none", "no start", "listener", "exits", "exits at start", "listener exits"],
)
async def test_a_plugin_whose_parts_do_not_start_gets_no_tasks_and_the_others_do(
    serving: Build,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    declared: dict[str, Any],
    reason: str,
) -> None:
    monkeypatch.setattr("penstock.worker.extensions._PATIENCE", 0.05)
    failing = plugin("others", queues=[OTHERS], tasks=[other], **declared)

    async with serving(PLUGIN, failing) as world:
        waiting = await world.application.dispatch.submit(Submission("others.run", b"{}"))
        for _ in range(3):
            await world.ended("jobs.run")
        status, detail = await readiness(settings)
        left = await world.application.dispatch.find(waiting.id)

    assert status == 503
    assert detail == "queue 'others' waits: plugin 'others' is quarantined; the log says why"
    assert f"plugin 'others' (penstock-others 1.2) is quarantined: {reason}" in caplog.text
    assert "hunter2" not in caplog.text
    assert left is not None
    assert (left.status, left.attempts) == ("pending", 0)


# -- quarantine --------------------------------------------------------------------------------


@pytest.mark.parametrize("queues", [[], ["jobs", "broken"]], ids=["all", "named"])
async def test_a_worker_goes_on_without_a_quarantined_plugin_and_is_not_ready(
    serving: Build, settings: Settings, queues: list[str]
) -> None:
    async with serving(PLUGIN, quarantined=[BROKEN], queues=queues) as world:
        await world.ended("jobs.run")
        status, detail = await readiness(settings)
        health = await world.application.dispatch.health()

    assert status == 503
    what = "queue 'broken' is not served" if queues else "plugin 'broken' is quarantined"
    assert detail == f"{what}; the log says why"
    assert (health.status, health.quarantined) == ("degraded", ["broken"])


async def test_a_worker_with_none_but_quarantined_queues_waits_and_says_so(
    serving: Build, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(PLUGIN, quarantined=[BROKEN], queues=["secret"]) as world:
        waiting = await world.application.dispatch.submit(Submission("jobs.run", b"{}"))
        await until(lambda: threading.active_count() > 2)
        status, detail = await readiness(settings)
        left = await world.application.dispatch.find(waiting.id)

    assert status == 503
    assert detail == "queue 'secret' is not served; the log says why"
    assert "queue 'secret' is not served: no loaded plugin declares it, and plugin" in caplog.text
    assert left is not None
    assert left.status == "pending"


async def test_tasks_wait_for_a_quarantined_plugin_to_be_mended(
    serving: Build, settings: Settings
) -> None:
    async with Application(settings, Catalogue(plugins=[PLUGIN, OTHER])) as application:
        waiting = await application.dispatch.submit(Submission("others.run", b"{}"))
    broken = replace(BROKEN, name="others")
    async with serving(PLUGIN, quarantined=[broken]) as world:
        await world.ended("jobs.run")
        with pytest.raises(AbsentTaskTypeError, match="is quarantined: importing"):
            await world.application.dispatch.submit(Submission("others.run", b"{}"))
        left = await world.application.dispatch.find(waiting.id)
        queues = await world.application.dispatch.queue_status()
    async with serving(PLUGIN, OTHER) as world:
        mended = await world.until_ended(waiting.id)

    assert left is not None
    assert (left.status, left.attempts) == ("pending", 0)
    assert [name for name, each in queues.items() if each.declared] == ["jobs"]
    assert (queues["others"].waiting, queues["others"].workers) == (1, 0)
    assert (mended.status, mended.attempts) == ("success", 1)


async def test_a_queue_that_nobody_could_have_is_an_error(settings: Settings) -> None:
    application = Application(settings, Catalogue(plugins=[PLUGIN]))
    with pytest.raises(UnknownQueueError, match=r"did you mean .jobs."):
        application.worker(["job"])
    await application.close()


def test_nobody_is_told_anything_if_nobody_listens(settings: Settings) -> None:
    """What a task without listeners costs is one comparison."""
    from penstock.plugins.installed import InstalledPlugins
    from penstock.worker.extensions import Extensions

    assert Extensions([PLUGIN, OTHER], InstalledPlugins()).told is None
