"""Whoever follows a task sees what its run says, and how it ends."""

import asyncio
from typing import Any

import msgspec

from penstock.app import Application
from penstock.events import Event
from penstock.ledger import Status, TaskRecord
from tests.integration.events.conftest import Speech, submit


async def followed(application: Application, record: TaskRecord, **options: Any) -> list[Any]:
    """All that is told of a task until it has ended."""
    told: list[Any] = []
    async with asyncio.timeout(20):
        async for batch in application.hub.follow(record, **options):
            told += batch
    return told


def text_of(told: list[Any]) -> str:
    return "".join(
        msgspec.json.decode(each.data)["text"]
        for each in told
        if isinstance(each, Event) and each.kind == "delta"
    )


def statuses(told: list[Any]) -> list[Status]:
    return [each.status for each in told if isinstance(each, TaskRecord)]


async def test_text_log_and_progress_come_before_the_end(
    application: Application, worker: None
) -> None:
    words = [f"word{i} " for i in range(50)]
    record = await submit(application, Speech(words, pause=0.005, log=["hello"]))

    told = await followed(application, record)

    assert text_of(told) == "".join(words)
    assert statuses(told) == ["pending", "running", "success"]
    assert told[-1].status == "success"
    kinds = {each.kind for each in told if isinstance(each, Event)}
    assert kinds == {"progress", "log", "delta"}
    (line,) = [
        msgspec.json.decode(each.data) for each in told if getattr(each, "kind", "") == "log"
    ]
    assert (line["level"], line["message"], line["fields"]) == ("info", "hello", {"words": 50})
    assert line["run"] == 1


async def test_who_comes_late_gets_it_all(application: Application, worker: None) -> None:
    record = await submit(application, Speech(["a", "b"]))
    ended = await application.hub.ended(record.id)
    assert ended is not None

    told = await followed(application, ended)

    assert text_of(told) == "ab"
    assert statuses(told) == ["success"]
