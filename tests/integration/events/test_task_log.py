"""Log lines of handlers are kept with their task, within limits."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text

from penstock.app import Application
from penstock.broker import LogLimits
from penstock.broker.log_writer import LogWriter, log_line
from penstock.ledger import Ledger, LogLine, LogSize, TaskLog
from penstock.plugins import Catalogue
from penstock.settings import Settings
from tests.integration.events.conftest import PLUGIN, submit
from tests.integration.events.served import KEY, served
from tests.integration.events.talk_handlers import Speech
from tests.integration.ledger.test_ledger import started
from tests.services.at_work import at_work
from tests.services.standstill import STANDSTILL


async def lines_of(application: Application, task_id: Any) -> list[LogLine]:
    return await application.task_log.page(task_id, after=None, limit=10_000)


@pytest.mark.parametrize("name", ["talk.say", "talk.shout"])
async def test_lines_are_there_when_the_task_has_ended(
    application: Application, worker: None, name: str
) -> None:
    record = await submit(application, Speech(["a"], log=["one", "two"]), name)

    await application.hub.ended(record.id)
    kept = await lines_of(application, record.id)

    assert [(each.run, each.level, each.message) for each in kept] == [
        (1, "info", "one"),
        (1, "info", "two"),
    ]
    assert msgspec.json.decode(kept[0].fields) == {"words": 1}
    assert kept[0].size == len("one") + len('{"words":1}')
    assert kept[0].id < kept[1].id


async def test_the_lines_of_each_run_are_kept_and_the_limit_is_for_all(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment = environment | {"PENSTOCK_MAX_TASK_LOG_LINES": "5"}
    settings = Settings.load(environment, tmp_path, plugins=["talk"])
    async with (
        Application(settings, Catalogue(plugins=[PLUGIN])) as application,
        at_work(application.worker()),
    ):
        record = await submit(
            application, Speech([], log=[f"line {i}" for i in range(3)], fails=True)
        )
        await application.hub.ended(record.id)
        kept = await lines_of(application, record.id)

    assert [(each.run, each.message) for each in kept[:5]] == [
        (1, "line 0"),
        (1, "line 1"),
        (1, "line 2"),
        (2, "line 0"),
        (2, "line 1"),
    ]
    assert len(kept) == 6
    assert (kept[5].level, kept[5].run) == ("warning", 2)
    assert kept[5].message.startswith("the log is cut here: of a task 5 lines and 1,048,576 bytes")


async def test_the_level_of_what_is_kept_is_a_setting_of_its_own(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment = environment | {"PENSTOCK_TASK_LOG_LEVEL": "warning"}
    settings = Settings.load(environment, tmp_path, plugins=["talk"])
    async with (
        Application(settings, Catalogue(plugins=[PLUGIN])) as application,
        at_work(application.worker()),
    ):
        record = await submit(application, Speech([], log=["one"]))
        await application.hub.ended(record.id)
        assert await lines_of(application, record.id) == []


async def test_a_log_is_served_page_by_page(application: Application, worker: None) -> None:
    record = await submit(application, Speech([], log=[f"line {i}" for i in range(5)]))
    await application.hub.ended(record.id)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        served(application) as api,
        httpx.AsyncClient(base_url=api.url, headers=headers, trust_env=False) as http,
    ):
        path = f"/api/queues/tasks/{record.id}/log"
        first = (await http.get(path, params={"limit": 3})).json()
        second = (await http.get(path, params={"limit": 3, "cursor": first["next"]})).json()
        wrong = await http.get(path, params={"limit": 0, "cursr": "x", "cursor": "x"})
        too_many = await http.get(path, params={"limit": "0000001000999999"})
        missing = await http.get("/api/queues/tasks/01936f2e-0000-7000-8000-000000000001/log")

    assert [each["message"] for each in first["data"]] == ["line 0", "line 1", "line 2"]
    assert first["data"][0]["fields"] == {"words": 0}
    assert [each["message"] for each in second["data"]] == ["line 3", "line 4"]
    assert second["next"] is None
    assert wrong.status_code == too_many.status_code == 422
    assert {each["field"] for each in wrong.json()["errors"]} == {"limit", "cursr", "cursor"}
    assert "from 1 to 1000" in too_many.json()["detail"]
    assert missing.status_code == 404


async def test_what_an_open_task_logs_later_is_in_the_next_page(application: Application) -> None:
    record = await submit(application, Speech([]))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        served(application) as api,
        httpx.AsyncClient(base_url=api.url, headers=headers, trust_env=False) as http,
    ):
        path = f"/api/queues/tasks/{record.id}/log"
        empty = (await http.get(path)).json()
        await application.task_log.add([line(record.id, "first")])
        first = (await http.get(path, params={"cursor": empty["next"]})).json()
        none_yet = (await http.get(path, params={"cursor": first["next"]})).json()
        await application.task_log.add([line(record.id, "second")])
        second = (await http.get(path, params={"cursor": none_yet["next"]})).json()

    assert (empty["data"], none_yet["data"]) == ([], [])
    assert [each["message"] for each in first["data"] + second["data"]] == ["first", "second"]
    assert second["next"] is not None


# --- The writer alone ---------------------------------------------------------------------------


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


def line(task_id: Any, message: str, run: int = 1) -> LogLine:
    return log_line(task_id, run, "info", message, msgspec.Raw(b"{}"))


async def test_bytes_are_limited_as_well(ledger: Ledger) -> None:
    run = await started(ledger)
    task_log = TaskLog(ledger.database)
    writer = LogWriter(task_log, LogLimits(level=logging.INFO, lines=100, bytes=1000))
    for _ in range(20):
        writer.add(line(run.id, "x" * 98))
    await writer.flush(run.id)
    writer.add(line(run.id, "late", run=2))
    await writer.flush(run.id)
    await writer.close()

    kept = await task_log.page(run.id, after=None, limit=1000)
    assert [len(each.message) for each in kept[:10]] == [98] * 10
    assert len(kept) == 11


async def test_a_database_that_is_away_holds_up_an_outcome_for_two_seconds_at_most(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    run = await started(ledger)
    task_log = TaskLog(ledger.database)
    writer = LogWriter(task_log, LogLimits(level=logging.INFO, lines=100, bytes=1000))
    await rename(ledger, "task_log", "away")
    writer.add(line(run.id, "patient"))
    before = time.monotonic()

    await writer.flush(run.id)

    assert time.monotonic() - before < 2 + STANDSTILL
    assert "wait: the database could not keep log lines" in caplog.text
    await rename(ledger, "away", "task_log")
    await writer.flush(run.id)
    await writer.close()
    kept = await task_log.page(run.id, after=None, limit=10)
    assert [each.message for each in kept] == ["patient"]


class HeldUpLog(TaskLog):
    """Asks the database how much is kept no sooner than somebody says so."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.database)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def sizes(self, task_ids: Sequence[UUID]) -> dict[UUID, LogSize]:
        self.asked.set()
        await self.go_on.wait()
        return await super().sizes(task_ids)


async def test_outcomes_meanwhile_neither_lose_lines_nor_are_remembered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.broker.log_writer._PATIENCE", 0.1)
    done, impatient, resumed = [(await started(ledger)).id for _ in range(3)]
    task_log = HeldUpLog(ledger)
    writer = LogWriter(task_log, LogLimits(level=logging.INFO, lines=100, bytes=1000))
    writer.add(line(done, "written"))
    await until_written(task_log, done)
    writer.add(line(impatient, "of a first run"))
    writer.add(line(resumed, "of a second run", run=2))

    await task_log.asked.wait()
    await writer.flush(done)
    await writer.flush(impatient)
    task_log.go_on.set()
    await until_written(task_log, resumed)
    await writer.flush(resumed)

    (kept,) = await task_log.page(impatient, after=None, limit=10)
    assert kept.message == "of a first run"
    assert (writer._sizes, writer._left) == ({}, set())
    await writer.close()


async def until_written(task_log: TaskLog, task_id: UUID) -> None:
    async with asyncio.timeout(10):
        while not await task_log.page(task_id, after=None, limit=1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_lines_of_a_task_that_is_gone_are_left_out(ledger: Ledger) -> None:
    run = await started(ledger)
    task_log = TaskLog(ledger.database)
    other = line(run.id, "other")
    gone = msgspec.structs.replace(line(run.id, "gone"), task_id=other.id)

    await task_log.add([gone, other])
    await task_log.add([other])

    assert await task_log.page(other.id, after=None, limit=10) == []
    assert len(await task_log.page(run.id, after=None, limit=10)) == 1
    async with ledger.database.write("remove a task") as connection:
        await connection.execute(text("DELETE FROM task"))
    assert await task_log.page(run.id, after=None, limit=10) == []


async def rename(ledger: Ledger, old: str, new: str) -> None:
    async with ledger.database.write("rename") as connection:
        await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
