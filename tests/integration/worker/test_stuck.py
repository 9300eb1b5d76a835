"""A consumer that hangs is found and restarted; its worker goes on."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from penstock import Queue, task
from penstock.app import Application
from penstock.broker import Consumer
from penstock.dispatch import Submission
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from penstock.worker import StuckError
from tests.services.at_work import at_work, ended

ACME = Queue("acme")


@task("acme.echo", queue=ACME)
async def echo(number: int) -> int:
    return number


PLUGIN = Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=[echo])


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Either database would do."""
    return sqlite_url


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    return Settings.load({**environment, "PENSTOCK_LEASE_SECONDS": "0.6"}, tmp_path)


def hang(monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let a consumer hang in the next ``times`` claims that want something."""
    claim = Consumer._claim

    async def claim_or_hang(self: Consumer, want: int) -> Any:
        nonlocal times
        if want and times:
            times -= 1
            await asyncio.Event().wait()
        return await claim(self, want)

    monkeypatch.setattr(Consumer, "_claim", claim_or_hang)


async def test_a_consumer_that_hangs_is_restarted_and_its_tasks_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hang(monkeypatch, times=1)
    async with (
        Application(settings, Catalogue(plugins=[PLUGIN])) as application,
        at_work(application.worker()),
    ):
        with caplog.at_level(logging.ERROR):
            record = await application.dispatch.submit(Submission("acme.echo", b"7"))
            await ended(application, record.id)

    assert "its consumer is stuck: 1 tasks wait, 5 slots are free" in caplog.text


async def test_a_worker_whose_consumer_cannot_be_helped_ends_with_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.worker.worker._CLOSE_PATIENCE", 0.1)
    hang(monkeypatch, times=1000)
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        worker = application.worker()
        await application.dispatch.submit(Submission("acme.echo", b"7"))

        with pytest.raises(StuckError, match="consumer of queue 'acme' is stuck; start this"):
            async with asyncio.timeout(20):
                await worker.run(asyncio.Event())

        assert "is stuck" in worker._health.fatal()


async def test_a_healthy_worker_is_left_alone(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        worker = application.worker()
        async with at_work(worker):
            with caplog.at_level(logging.WARNING, logger="penstock.worker"):
                await asyncio.sleep(2)
            assert (worker._health.fatal(), worker._health.wrong()) == ("", "")
        assert worker._health.wrong() == "it is shutting down"

    assert "stuck" not in caplog.text
