"""The examples, loaded from their folders as `penstock plugins check` does, do what they say."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from msgspec import Struct
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from penstock import PermanentError, Queue, task
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin, load
from penstock.plugins.sources import importable
from penstock.settings import Settings
from tests.services.at_work import at_work, ended

EXAMPLES = Path(__file__).parents[3] / "examples"
JOBS = Queue("jobs")


class Job(Struct):
    good: bool = True


@task("jobs.run", queue=JOBS)
async def run(job: Job) -> Job:
    """Succeed, or not."""
    if not job.good:
        raise PermanentError("not good")
    return job


JOBS_PLUGIN = Plugin(
    name="jobs", distribution="penstock-jobs", version="1.0", queues=[JOBS], tasks=[run]
)


class Requests:
    """A server that keeps what it is asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str | None, bytes]] = []
        requests = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                requests.append((self.command, self.path, self.headers["Authorization"], body))
                self.send_response(204)
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Requests]:
    requests = Requests()
    yield requests
    requests.close()


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[Plugin]:
    """The example that the test is parametrized with, loaded."""
    with importable(EXAMPLES / request.param) as candidates:
        catalogue = load(candidates)
        assert [each.problems for each in catalogue.quarantined] == []
        (plugin,) = catalogue.plugins
        yield plugin


@asynccontextmanager
async def running(settings: Settings, *plugins: Plugin) -> AsyncIterator[Application]:
    async with (
        Application(settings, Catalogue(plugins=plugins)) as application,
        at_work(application.worker()),
    ):
        yield application


async def done(application: Application, type_: str, given: object) -> TaskRecord:
    task = await application.dispatch.submit(Submission(type_, json.dumps(given).encode()))
    return await ended(application, task.id)


@pytest.mark.parametrize("example", ["penstock-notify"], indirect=True)
async def test_a_webhook_is_told_of_the_ends_of_tasks_and_a_monitor_hears_a_heartbeat(
    example: Plugin,
    server: Requests,
    redis_url: str,
    namespace: str,
    sqlite_url: str,
    tmp_path: Path,
) -> None:
    environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": sqlite_url,
        "PENSTOCK_NAMESPACE": namespace,
        "PENSTOCK_NOTIFY_URL": f"{server.url}/ended",
        "PENSTOCK_NOTIFY_TOKEN": "not-for-everybody",
        "PENSTOCK_NOTIFY_HEARTBEAT_URL": f"{server.url}/alive",
    }
    settings = Settings.load(environment, tmp_path, plugins=["notify"])
    async with running(settings, JOBS_PLUGIN, example) as application:
        good = await done(application, "jobs.run", {})
        bad = await done(application, "jobs.run", {"good": False})
        beat = await done(application, "notify.heartbeat", {})
        (schedule,) = await application.schedule_control.list()

    posts = {
        json.loads(body)["task_id"]: json.loads(body)
        for command, path, authorization, body in server.seen
        if (command, path, authorization) == ("POST", "/ended", "Bearer not-for-everybody")
    }
    assert (posts[str(good.id)]["status"], posts[str(good.id)]["error_code"]) == ("success", None)
    assert (posts[str(bad.id)]["status"], posts[str(bad.id)]["error_message"]) == (
        "failed",
        "not good",
    )
    assert json.loads(bytes(beat.result or b"")) == {"sent": True}
    assert ("GET", "/alive", None, b"") in server.seen
    assert (schedule.name, schedule.source) == ("notify.heartbeat", "plugin:notify")


@pytest.mark.parametrize("example", ["penstock-tracing"], indirect=True)
async def test_each_run_is_a_span(
    example: Plugin,
    redis_url: str,
    namespace: str,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": sqlite_url,
        "PENSTOCK_NAMESPACE": namespace,
    }
    settings = Settings.load(environment, tmp_path, plugins=["tracing"])
    async with running(settings, JOBS_PLUGIN, example) as application:
        await done(application, "jobs.run", {})
        await done(application, "jobs.run", {"good": False})

    good, bad = spans.get_finished_spans()
    assert good.name == bad.name == "execute/jobs.run"
    assert (good.status.is_ok, bad.status.is_ok) == (True, False)
    assert "not good" in (bad.status.description or "")
