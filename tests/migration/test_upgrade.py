"""``penstock db upgrade``: from any directory, by any number of processes."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from penstock.ledger import LedgerUnavailableError
from penstock.ledger.migrate import VERSION_TABLE, configuration, upgrade, upgrade_async
from tests.services import PostgresServer

TABLES = {
    "task",
    "batch",
    "task_attempt",
    "checkpoint",
    "idempotency_key",
    "artifact",
    "discarded_file",
    "queue_stat",
    "leader",
    "owner",
    "task_log",
    "setting_override",
    "schedule",
    VERSION_TABLE,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'new.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.create_database())


async def tables(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return names


async def test_upgrading_twice_is_upgrading_once(empty_url: str) -> None:
    await upgrade_async(empty_url)
    await upgrade_async(empty_url)

    assert await tables(empty_url) == TABLES


def test_several_processes_may_upgrade_at_once_from_any_directory(
    empty_url: str, tmp_path: Path
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "penstock", "db", "upgrade"],
            env={**os.environ, "DATABASE_URL": empty_url},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert asyncio.run(tables(empty_url)) == TABLES


async def test_a_database_that_is_ahead_is_left_alone(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await upgrade_async(empty_url)
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))

    await upgrade_async(empty_url)

    assert "newer than this version knows" in caplog.text
    async with engine.connect() as connection:
        found = await connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    await engine.dispose()
    assert found == "9999"


async def downgrade(url: str) -> None:
    def down(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(down)
            await connection.commit()
    finally:
        await engine.dispose()


async def test_a_downgrade_takes_everything_back(empty_url: str) -> None:
    await upgrade_async(empty_url)
    await downgrade(empty_url)
    assert await tables(empty_url) == {VERSION_TABLE}

    await upgrade_async(empty_url)
    assert await tables(empty_url) == TABLES


class BreakingOffError(Exception):
    """Stands for a connection that is lost, or a time limit."""


@pytest.fixture
def breaking_off() -> Iterator[set[str]]:
    """Each statement that builds or drops an index concurrently fails once; those that did."""
    failed: set[str] = set()

    def fail_once(_: Connection, __: object, statement: str, *___: object) -> None:
        if "INDEX CONCURRENTLY" in statement and statement not in failed:
            failed.add(statement)
            raise BreakingOffError(statement)

    event.listen(Engine, "before_cursor_execute", fail_once)
    yield failed
    event.remove(Engine, "before_cursor_execute", fail_once)


async def repeat(step: Callable[[str], Awaitable[None]], url: str) -> None:
    while True:
        try:
            return await step(url)
        except BreakingOffError:
            continue


async def test_what_broke_off_can_be_repeated(
    postgres_server: PostgresServer, breaking_off: set[str]
) -> None:
    """On PostgreSQL, where some statements are committed by themselves."""
    url = postgres_server.url(postgres_server.create_database())

    await repeat(upgrade_async, url)
    assert await tables(url) == TABLES
    assert any("ix_task_open_deadline" in each for each in breaking_off)

    await repeat(downgrade, url)
    assert await tables(url) == {VERSION_TABLE}


def test_upgrade_needs_no_event_loop_of_the_caller(tmp_path: Path) -> None:
    upgrade(f"sqlite+aiosqlite:///{tmp_path / 'plain.db'}")

    assert (tmp_path / "plain.db").exists()


async def test_a_file_is_in_wal_mode_before_several_processes_connect(tmp_path: Path) -> None:
    # Connections that all switch a file's mode at their start refuse each other, now and then.
    file = tmp_path / "new.db"
    await upgrade_async(f"sqlite+aiosqlite:///{file}")

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam, " * 100)

    with pytest.raises(LedgerUnavailableError, match=r"letter\.txt could not be put into WAL mode"):
        await upgrade_async(f"sqlite+aiosqlite:///{file}")
