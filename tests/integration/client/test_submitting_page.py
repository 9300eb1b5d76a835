"""docs/submitting.md: its programs run, and what it names is there."""

import asyncio
import re
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import penstock
from penstock import Client
from penstock.settings import KNOBS
from tests.integration.client.test_client import worker

PAGE = (Path(__file__).parents[3] / "docs" / "submitting.md").read_text()


def programs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for source in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        found.append({})
        exec(compile(source, "docs/submitting.md", "exec"), found[-1])
    return found


async def test_its_programs_run(environment, tmp_path, monkeypatch):
    orders, synchronous = programs()
    engine = create_async_engine(environment["DATABASE_URL"])
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE orders (id integer)"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    async with worker(environment, tmp_path), Client() as client:
        async with AsyncSession(engine) as session:
            handle = await orders["place_order"](client, session, 1)
        assert (await handle.result()).format == "html"
        assert await asyncio.to_thread(synchronous["render"], "# Hello")
    synchronous["client"].close()
    await engine.dispose()


def test_what_it_names_is_there():
    assert {each.variable for each in KNOBS} >= set(re.findall(r"PENSTOCK_\w+", PAGE))
    for name in ("Client", "SyncClient", "TaskRequest"):
        assert name in penstock.__all__
