"""The harness on real services: everything of production, in the test's own process."""

import asyncio
import time
from datetime import timedelta

import pytest

from penstock import Context, Queue, TaskFailedError, task
from penstock.plugins import Catalogue, Plugin
from penstock.testing import RealServices

ACME = Queue("acme", concurrency=2)
seen: list[str] = []


@task("acme.greet", queue=ACME)
async def greet(name: str, ctx: Context) -> str:
    """Greet, and let the test see it."""
    seen.append(name)
    if name == "nobody":
        raise ValueError("who?")
    await ctx.progress(50, "half")
    return f"hello {name}"


CATALOGUE = Catalogue(
    plugins=[
        Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=[greet]),
    ]
)


@pytest.mark.penstock_plugins("upload")
async def test_the_fixture_runs_installed_plugins(penstock_services: RealServices) -> None:
    catalogue = penstock_services.application.catalogue
    assert [each.name for each in catalogue.plugins] == ["upload"]
    answer = await penstock_services.http.get("/api/task-types")
    assert {each["type"] for each in answer.json()["data"]} == {"upload.process"}

    example = catalogue.task_type("upload.process").examples[1]
    handle = await penstock_services.client.submit("upload.process", example)

    assert (await handle.result(timeout=timedelta(seconds=20))).kind == "text"


async def test_worker_client_and_test_share_a_process(penstock_redis_url: str) -> None:
    async with RealServices(catalogue=CATALOGUE, redis_url=penstock_redis_url) as services:
        handle = await services.client.submit(greet, "Ada")
        assert await handle.result(timeout=timedelta(seconds=10)) == "hello Ada"
        assert seen[-1] == "Ada"

        task_type = {"type": "acme.greet", "input": "Bob"}
        answer = await services.http.post("/api/queues/tasks", json=task_type)
        assert answer.status_code == 202
        found = await services.http.get(answer.headers["location"], params={"wait": 10})
        assert found.status_code == 200


async def test_without_a_server_one_is_started_and_stopped() -> None:
    began = time.monotonic()
    services = RealServices(catalogue=CATALOGUE, environ={"PENSTOCK_QUEUE_ACME_MAX_ATTEMPTS": "1"})
    async with services:
        handle = await services.client.submit(greet, "nobody")
        with pytest.raises(TaskFailedError, match="who"):
            await handle.result(timeout=timedelta(seconds=10))
    assert time.monotonic() - began < 20
    assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []


async def test_what_cannot_be_started_leaves_nothing_behind(penstock_redis_url: str) -> None:
    services = RealServices(
        catalogue=CATALOGUE,
        redis_url=penstock_redis_url,
        environ={"PENSTOCK_QUEUE_ACME_CONCURENCY": "1"},
    )
    with pytest.raises(ValueError, match="CONCURRENCY"):
        await services.__aenter__()
