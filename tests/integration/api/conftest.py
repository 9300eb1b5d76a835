"""The API over a real ledger and Redis, in this process, with a worker beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from msgspec import Struct

from penstock import Queue, Schedule, task
from penstock.app import Application
from penstock.cli.api import build
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work

ACME = Queue("acme")
KEY = "a-key-for-tests"


class Wait(Struct, forbid_unknown_fields=True):
    seconds: float = 0.0


@task("acme.wait", queue=ACME)
async def wait(request: Wait) -> float:
    await asyncio.sleep(request.seconds)
    return request.seconds


CATALOGUE = Catalogue(
    plugins=[
        Plugin(
            name="acme",
            distribution="penstock-acme",
            version="1",
            queues=[ACME],
            tasks=[wait],
            schedules=[Schedule("acme.yearly", task=wait, input=Wait(), cron="0 0 1 1 *")],
        )
    ]
)


@pytest.fixture
async def application(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Application]:
    # What waits though its time is over is looked for now and then.
    monkeypatch.setattr("penstock.dispatch.reconciler._INTERVAL", 0.2)
    monkeypatch.setattr("penstock.dispatch.reconciler._AUDIT_ROUNDS", 1)
    settings = Settings.load(environment | {"PENSTOCK_LEASE_SECONDS": "2"}, tmp_path)
    async with Application(settings, CATALOGUE) as application, at_work(application.worker()):
        yield application


@pytest.fixture
async def client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    api = build(application, application.settings, KEY)
    transport = httpx.ASGITransport(cast("Any", api), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api.test", headers=headers, timeout=30
    ) as client:
        yield client
