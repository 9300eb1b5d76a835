"""Every kind of type from the client through a worker and back; and rows that no longer fit."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pydantic
import pytest

from penstock import Callback, Client, TaskFailedError, TaskFilter, TaskRequest, task
from penstock.app import Application
from penstock.client import client as client_module
from penstock.plugins import Catalogue
from penstock.settings import Settings
from tests import four_kinds
from tests.four_kinds import QUEUE
from tests.services.at_work import at_work

PATIENCE = timedelta(seconds=20)


class Summary(pydantic.BaseModel):
    """A batch's summary, as far as somebody cares."""

    name: str
    success: int


@task("kinds.report", queue=QUEUE)
async def report(batch: Summary) -> Summary:
    return batch


def catalogue(version: str, *instead: Any) -> Catalogue:
    (plugin,) = four_kinds.catalogue().plugins
    tasks = {each.name: each for each in (*plugin.tasks, report, *instead)}
    return Catalogue(plugins=[replace(plugin, version=version, tasks=list(tasks.values()))])


@pytest.fixture
async def client(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """Of the first version."""
    monkeypatch.setattr(client_module, "discover", list)
    monkeypatch.setattr(client_module, "selected", lambda _: catalogue("1.0"))
    async with Client(environ=environment, directory=tmp_path) as client:
        yield client


@asynccontextmanager
async def worker(
    environment: Mapping[str, str], folder: Path, installed: Catalogue
) -> AsyncIterator[Application]:
    async with (
        Application(Settings.load(environment, folder), installed) as application,
        at_work(application.worker()),
    ):
        yield application


async def test_values_of_each_kind_go_in_and_come_out(
    environment: Mapping[str, str], tmp_path: Path, client: Client
) -> None:
    crop = four_kinds.ModelCrop(x=1)
    wanted: list[tuple[Any, Any]] = [
        (four_kinds.by_struct, four_kinds.StructResize("a", crops=[four_kinds.StructCrop(1)])),
        (four_kinds.by_dataclass, four_kinds.ClassResize("a", crops=[four_kinds.ClassCrop(1)])),
        (four_kinds.by_typed_dict, four_kinds.DictResize(source="a", crops=[{"x": 1}])),
        (four_kinds.by_model, four_kinds.ModelResize(source="parent", crops=[crop])),
        (four_kinds.sync_by_model, four_kinds.ModelResize(source="a", crops=[crop])),
        (four_kinds.sync_by_dataclass, four_kinds.ClassResize("a")),
    ]
    requests = [TaskRequest(each, value) for each, value in wanted]
    once = [TaskRequest(each, value, unique=True) for each, value in wanted]
    handles = await client.submit_many(once)
    assert {each.origin for each in await client.submit_many(once)} == {"existing"}
    async with worker(environment, tmp_path, catalogue("1.0")) as application:
        batch = await client.submit_batch(requests, callback=Callback(report), name="all")
        results = [await handle.result(timeout=PATIENCE) for handle in handles]
        ended = await batch.wait(timeout=PATIENCE)
        broker = application.broker()
        await broker.startup()
        kicked = await broker.task_of(four_kinds.by_model).kiq(
            four_kinds.ModelResize(source="b", crops=[crop])
        )
        waited = await kicked.wait_result(timeout=PATIENCE.total_seconds())
        await broker.shutdown()
        children = TaskFilter(parent_id=handles[3].id)
        family = [each.type async for each in client.tasks(children)]
        assert ended.callback_task_id is not None
        told = await client.task(ended.callback_task_id)

    assert results == [
        four_kinds.StructImage("a", [four_kinds.StructCrop(1)]),
        four_kinds.ClassImage("a", [four_kinds.ClassCrop(1)]),
        four_kinds.DictImage(key="a", crops=[{"x": 1}]),
        four_kinds.ModelImage(key="parent", crops=[crop]),
        four_kinds.ModelImage(key="a", crops=[crop]),
        four_kinds.ClassImage("a"),
    ]
    assert waited.return_value == four_kinds.ModelImage(key="b", crops=[crop])
    assert ended.counts.success == len(wanted)
    assert family == ["kinds.sync_model"]
    assert told.result == {"name": "all", "success": len(wanted)}


@pytest.mark.parametrize(
    "task_type", [four_kinds.by_model, four_kinds.sync_by_model], ids=["async", "def"]
)
async def test_a_row_that_fits_no_longer_fails_at_once_and_says_why(
    environment: Mapping[str, str], tmp_path: Path, client: Client, task_type: Any
) -> None:
    old = await client.submit(task_type, {"source": "a"})
    fits = await client.submit(task_type, {"source": "a", "height": 3})

    async with worker(
        environment, tmp_path, catalogue("2.0", four_kinds.newer_model, four_kinds.newer_sync_model)
    ):
        with pytest.raises(TaskFailedError) as caught:
            await old.result(timeout=PATIENCE)
        fitting = await fits.status()
        while not fitting.finished:
            await asyncio.sleep(0.02)
            fitting = await fits.status()

    assert caught.value.code == "input_incompatible"
    assert (await old.status()).attempts == 1
    message = str(caught.value)
    assert "missing required field `height` (at $)" in message
    assert f"does not fit task type {task_type.name!r} as penstock-kinds 2.0 declares" in message
    assert "give new fields a default" in message
    # What the new version adds with a default is no reason to fail.
    assert (fitting.status, fitting.result) == ("success", "red")
