"""Two installations on one Redis, each with a namespace and a database: neither sees the other."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from penstock import Client, TaskNotFoundError, background
from penstock.app import Application
from penstock.engine import Member
from penstock.plugins import discover, load
from penstock.settings import Settings
from tests.services.at_work import at_work

DOCUMENT = {"markdown": "# Hello", "format": "html"}


@pytest.fixture
def environments(
    redis_url: str, namespace: str, sqlite_template: Path, tmp_path: Path
) -> list[dict[str, str]]:
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        database = shutil.copyfile(sqlite_template, folder / "ledger.db")
        made.append(
            {
                "REDIS_URL": redis_url,
                "DATABASE_URL": f"sqlite:///{database}",
                "PENSTOCK_NAMESPACE": f"{namespace}-{name}",
                "PENSTOCK_DATA_DIR": str(folder / "data"),
            }
        )
    return made


@asynccontextmanager
async def worker(environment: dict[str, str], folder: Path) -> AsyncIterator[Application]:
    settings = Settings.load(environment, folder)
    async with (
        Application(settings, load(discover())) as application,
        at_work(application.worker(["ai"])),
    ):
        yield application


async def test_neither_sees_the_others_tasks_results_or_notices(
    environments: list[dict[str, str]], tmp_path: Path, redis_url: str, namespace: str
) -> None:
    one, two = environments
    async with (
        Client(environ=one, directory=tmp_path) as first,
        Client(environ=two, directory=tmp_path) as second,
        worker(two, tmp_path) as served,
    ):
        heard: list[Any] = []

        async def listen() -> None:
            async for notice in served.engine.notices(["ai"]):
                heard.append(notice)  # noqa: PERF401  (it never ends)

        listening = asyncio.create_task(listen())
        mine = await second.submit("ai.document", DOCUMENT)
        await mine.result()
        waiting = await first.submit("ai.document", DOCUMENT)

        assert (await waiting.status()).status == "pending"
        with pytest.raises(TaskNotFoundError):
            await second.task(waiting.id)
        async with worker(one, tmp_path) as other:
            await waiting.result()
            broker = other.broker()
            await broker.startup()
            kiq = await broker.local_task_registry["ai.document"].kiq(DOCUMENT)
            await kiq.wait_result(timeout=20)
            await other.engine.cancel("ai", [Member(waiting.id)], running=True)
            foreign = served.broker()
            assert not await foreign.result_backend.is_result_ready(kiq.task_id)
            await foreign.shutdown()
            await broker.shutdown()
        await background.end(listening)
        assert heard == []
    async with Redis.from_url(redis_url) as redis:
        keys = [key.decode() async for key in redis.scan_iter(match=f"{namespace}*")]
    assert keys
    assert all(key.startswith((f"{namespace}-one:", f"{namespace}-two:")) for key in keys)
