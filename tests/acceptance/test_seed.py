"""The system that Penstock replaces, row by row: one test for each of its promises.

One installation, configured as that system was: by ``REDIS_URL`` in ``.env.local``, with one worker
process per queue.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from PIL import Image
from redis import Redis

from penstock import Client, RateLimit
from penstock.cli.root import root
from penstock.plugins import discover, load
from penstock_ai import get_ai_router
from tests.acceptance.dev_process import running_dev
from tests.services import RedisServer, find_free_port
from tests.services.installation import Installation, wait_until
from tests.services.openai_server import OpenAiServer

ROOT = Path(__file__).parents[2]
QUEUES = ["ai", "upload", "video"]
CLIP = {"scenes": [{"title": "Seed", "seconds": 0.5}], "width": 160, "height": 90, "fps": 10}
NOTE = {"name": "note.txt", "content": "c2VlZA=="}
TEXT = {"template": "Hello {{ name }}", "data": {"name": "seed"}}


@dataclass
class Seed:
    """The installation, and what it was like before any worker ran."""

    installation: Installation
    openai: OpenAiServer
    database: Path
    environment: dict[str, str]
    clips: dict[str, str] = field(default_factory=dict)
    """Priority → the id of a task that was posted before any worker ran."""
    without_workers: list[dict[str, Any]] = field(default_factory=list)

    def sql(self, statement: str, *values: object) -> sqlite3.Row:
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        try:
            row: sqlite3.Row = connection.execute(statement, values).fetchone()
            return row
        finally:
            connection.close()


@pytest.fixture(scope="module")
def seed(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, sqlite_template: Path
) -> Iterator[Seed]:
    folder = tmp_path_factory.mktemp("seed")
    database = folder / "ledger.db"
    database.write_bytes(sqlite_template.read_bytes())
    with OpenAiServer() as openai:
        installation = Installation(
            folder,
            redis_url=redis_server.url,
            database_url=f"sqlite:///{database}",
            namespace=f"seed-{uuid4().hex[:12]}",
        )
        in_file = {
            "REDIS_URL": installation.environment.pop("REDIS_URL"),
            "DATABASE_URL": installation.environment.pop("DATABASE_URL"),
            "OPENAI_BASE_URL": openai.base_url,
            "PENSTOCK_AI_OPENAI_TEXT_MODEL": "text-model",
            "PENSTOCK_AI_OPENAI_IMAGE_MODEL": "image-model",
        }
        lines = [f"{name}={value}" for name, value in in_file.items()]
        (folder / ".env.local").write_text("\n".join(lines) + "\n")
        with installation:
            found = Seed(installation, openai, database, installation.environment)
            for priority in ("low", "normal", "high", "urgent"):
                found.clips[priority] = installation.submit(
                    "video.generate", CLIP, priority=priority
                )
            found.without_workers = [installation.task(each) for each in found.clips.values()]
            for queue in QUEUES:
                installation.start("worker", "--queues", queue)
            wait_until(
                lambda: set(health(installation)["workers"].items()) >= {(q, 1) for q in QUEUES},
                what="three workers",
            )
            yield found


def health(installation: Installation) -> dict[str, Any]:
    data: dict[str, Any] = installation.client.get("/api/health").json()["data"]
    return data


def test_three_queues_each_come_from_a_plugin() -> None:
    owners = {
        queue.name: plugin.distribution
        for plugin in load(discover()).plugins
        for queue in plugin.queues
    }

    assert {queue: owners[queue] for queue in QUEUES} == {
        "ai": "penstock-ai",
        "video": "penstock-video",
        "upload": "penstock-upload",
    }


def test_redis_is_the_broker_named_by_redis_url_in_env_local(
    seed: Seed, redis_server: RedisServer
) -> None:
    namespace = seed.environment["PENSTOCK_NAMESPACE"]

    with Redis.from_url(redis_server.url) as redis:
        assert redis.exists(*(f"{namespace}:{{{queue}}}:epoch" for queue in QUEUES)) == 3


def test_without_redis_url_one_command_starts_an_embedded_redis_and_workers(
    tmp_path: Path,
) -> None:
    port = find_free_port()

    with running_dev(tmp_path / "project", port) as dev:
        dev.wait_for("read its result")
        workers = httpx.get(f"http://127.0.0.1:{port}/api/health").json()["data"]["workers"]

    assert {queue: workers[queue] for queue in QUEUES} == dict.fromkeys(QUEUES, 1)


def test_the_status_of_the_queues_has_their_shape(seed: Seed) -> None:
    for type_name, given in (("ai.text", TEXT), ("video.generate", CLIP), ("upload.process", NOTE)):
        seed.installation.outcome(seed.installation.submit(type_name, given))

    answer = seed.installation.client.get("/api/queues/status").json()

    assert answer["success"] is True
    for queue in QUEUES:
        counts = answer["data"][queue]
        assert counts.keys() >= {"waiting", "active", "completed", "failed"}
        assert counts["completed"] >= 1


def test_one_task_is_found_by_its_id(seed: Seed) -> None:
    task_id = seed.installation.submit("ai.text", TEXT)

    answer = seed.installation.client.get(f"/api/queues/tasks/{task_id}").json()

    assert (answer["success"], answer["data"]["id"]) == (True, task_id)


def test_priorities_have_their_numbers_and_urgent_runs_first(seed: Seed) -> None:
    rows = [
        seed.sql("SELECT priority FROM task WHERE id = ?", seed.clips[name])["priority"]
        for name in ("urgent", "high", "normal", "low")
    ]
    assert rows == [10, 7, 5, 1]

    for task_id in seed.clips.values():
        seed.installation.outcome(task_id)
    log = seed.installation.logs()
    # Logged in the order of their starts; two run at once.
    started = sorted(
        seed.clips, key=lambda priority: log.index(f"task... video.generate {seed.clips[priority]}")
    )
    assert started == ["urgent", "high", "normal", "low"]


async def test_the_router_creates_a_task_and_it_is_processed(seed: Seed, tmp_path: Path) -> None:
    folder = seed.installation.folder
    client = Client(environ=seed.environment, directory=folder)
    router = get_ai_router(client)

    task = await router.route_task(
        "user-1", {"prompt": "Generate an image of a cat", "type": "image"}, "normal"
    )
    result = await task.result(timeout=timedelta(seconds=30))

    (sent,) = [each for each in seed.openai.requests if "cat" in json.dumps(each.body)]
    assert sent.body["prompt"] == "Generate an image of a cat"
    content = await asyncio.to_thread(
        seed.installation.client.get, f"/api/artifacts/{result.artifact.id}"
    )
    assert Image.open(BytesIO(content.content)).size == (result.width, result.height)
    assert (result.provider, result.is_model_output) == ("openai", True)
    row = seed.sql("SELECT user_id, priority FROM task WHERE id = ?", str(task.id))
    assert tuple(row) == ("user-1", 5)


def test_a_row_of_the_ledger_shows_status_and_progress(seed: Seed) -> None:
    task_id = seed.installation.submit("ai.text", TEXT)
    before = seed.sql("SELECT status, progress FROM task WHERE id = ?", task_id)
    seed.installation.outcome(task_id)
    after = seed.sql("SELECT status, progress, result FROM task WHERE id = ?", task_id)

    assert before["status"] in {"pending", "running", "success"}
    assert 0 <= before["progress"] <= 100
    assert (after["status"], after["progress"]) == ("success", 100)
    assert json.loads(after["result"])["text"] == "Hello seed"


def test_each_queue_has_its_defaults_and_the_operator_overrides_them(seed: Seed) -> None:
    for name, queue in load(discover()).queues.items():
        if name not in QUEUES:
            continue
        assert queue.concurrency == {"ai": 5, "video": 2, "upload": 5}[name]
        assert queue.rate_limit == RateLimit(limit=10, period=timedelta(seconds=1))
        assert queue.retry.max_attempts == 3
        assert queue.retry.initial_interval == timedelta(seconds=2)
        assert queue.retry.backoff_coefficient == 2
    assert "serving queue 'video', 2 at once" in seed.installation.logs()

    seed.environment["PENSTOCK_QUEUE_VIDEO_CONCURRENCY"] = "7"
    try:
        tuned = seed.installation.start_worker("video")
        assert "serving queue 'video', 7 at once" in seed.installation.logs()
        assert seed.installation.stop(tuned) == 0
    finally:
        del seed.environment["PENSTOCK_QUEUE_VIDEO_CONCURRENCY"]


def test_the_compose_file_has_redis_and_a_worker_for_each_queue() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert services["redis"]["image"] == "redis:7-alpine"
    assert services["postgres"]["image"].startswith("postgres:")
    assert services["api"]["command"] == ["api"]
    for queue in QUEUES:
        assert services[f"worker-{queue}"]["command"] == ["worker", "--queues", queue]


def test_health_checks_redis_the_database_and_the_workers(seed: Seed) -> None:
    found = health(seed.installation)

    assert (found["redis"]["status"], found["database"]["status"]) == ("up", "up")
    assert {queue: found["workers"][queue] for queue in QUEUES} == dict.fromkeys(QUEUES, 1)


def test_workers_log_that_they_process_a_task(seed: Seed) -> None:
    for type_name, given in (("ai.text", TEXT), ("video.generate", CLIP), ("upload.process", NOTE)):
        seed.installation.outcome(seed.installation.submit(type_name, given))

    log = seed.installation.logs()

    for worker in ("AI", "Video", "Upload"):
        assert f"[{worker} Worker] Processing task..." in log


def test_without_workers_a_task_stays_pending(seed: Seed) -> None:
    assert [task["status"] for task in seed.without_workers] == ["pending"] * 4
    assert [task["progress"] for task in seed.without_workers] == [0] * 4


def test_a_failed_task_keeps_its_error_and_the_database_can_be_asked_for_it(seed: Seed) -> None:
    task_id = seed.installation.submit(
        "upload.process",
        {"name": "cat.png", "content": "bm90IGEgcGljdHVyZQ==", "content_type": "image/png"},
    )
    shown = seed.installation.outcome(task_id)
    row = seed.sql("SELECT status, error_code, error_message FROM task WHERE id = ?", task_id)

    assert (shown["status"], row["status"]) == ("failed", "failed")
    assert row["error_code"] == shown["error"]["code"] == "content_type_mismatch"
    assert row["error_message"] == shown["error"]["message"]


def test_the_diagram_of_the_queue_system_is_where_it_was() -> None:
    page = (ROOT / "docs" / "queue-architecture.md").read_text()

    assert "```mermaid" in page
    assert {"dev", "worker"} <= set(root.list_commands(root.make_context("penstock", ["dev"])))
