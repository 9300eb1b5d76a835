"""aiosqlite works in threads, which answer to a loop even if whoever asked has given up."""

import asyncio
import sqlite3
import threading
import time
from typing import Any

import pytest

from penstock.ledger.database import Database


async def test_a_database_is_closed_when_its_threads_have_ended(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.3)
        return connect(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", slowly)
    before = set(threading.enumerate())
    database = Database(sqlite_url)

    async def look() -> None:
        async with database.read("look"):
            pass

    looking = asyncio.create_task(look())
    await asyncio.sleep(0.1)
    working = set(threading.enumerate()) - before
    looking.cancel()
    await asyncio.wait([looking])
    await database.close()

    assert working
    assert not any(each.is_alive() for each in working)
