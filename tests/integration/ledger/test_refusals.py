"""What is a row's own fault, and what is the database's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from penstock.ledger import Ledger, LedgerUnavailableError, StoredArtifact
from tests.integration.ledger.test_ledger import new_task
from tests.services import PostgresServer
from tests.services.gate import pass_gate


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(postgresql_url)
    yield ledger
    await ledger.close()


async def bad_among_good(ledger: Ledger, **fault: Any) -> BaseException:
    """The error of one bad row among a hundred, all others being written."""
    answers = await asyncio.gather(
        *(ledger.accept(new_task(**(fault if number == 50 else {}))) for number in range(100)),
        return_exceptions=True,
    )
    assert [at for at, each in enumerate(answers) if isinstance(each, BaseException)] == [50]
    async with ledger.database.read("count") as connection:
        assert await connection.scalar(text("SELECT count(*) FROM task")) == 99
    error = answers[50]
    assert isinstance(error, BaseException)
    return error


@pytest.mark.parametrize(
    "fault",
    [
        {"user_id": "a\0b"},
        {"user_id": "a" * 256},
        {"input": "{"},
        {"max_attempts": 2**31},
        {"priority": 2**15},
    ],
    ids=lambda fault: next(iter(fault)),
)
async def test_a_value_that_postgresql_refuses_is_its_callers_fault_alone(
    postgresql: Ledger, fault: dict[str, Any]
) -> None:
    assert isinstance(await bad_among_good(postgresql, **fault), DBAPIError)


async def test_text_that_cannot_be_encoded_is_its_callers_fault_alone(ledger: Ledger) -> None:
    error = await bad_among_good(ledger, user_id="half a pair: \ud800")

    assert isinstance(error, (DBAPIError, UnicodeEncodeError))


async def test_an_artifact_of_no_task_is_refused(ledger: Ledger) -> None:
    orphan = StoredArtifact(
        id=uuid7(), task_id=uuid7(), name="a", content_type="b", size=1, sha256=""
    )
    with pytest.raises(DBAPIError):
        await ledger.add_artifact(orphan)


async def test_a_database_that_was_never_set_up_is_away_and_no_task_is_to_blame(
    tmp_path: Path,
) -> None:
    ledger = Ledger(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerUnavailableError, match="run `penstock db upgrade`") as caught:
        await ledger.accept(new_task(input='{"prompt": "a secret"}'))
    # It ends up in logs.
    assert "a secret" not in str(caught.value)
    assert "INSERT" not in str(caught.value)
    await ledger.close()


@pytest.mark.parametrize("database", ["postgres", "never_created"])
async def test_a_postgresql_without_the_schema_is_away_and_no_task_is_to_blame(
    postgres_server: PostgresServer, database: str
) -> None:
    ledger = Ledger(postgres_server.url(database))
    answers = await asyncio.gather(
        *(ledger.accept(new_task()) for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(each, LedgerUnavailableError) for each in answers)
    assert database != "postgres" or "run `penstock db upgrade`" in str(answers[0])
    assert ledger.database.statements <= ledger.database.writers
    await ledger.close()


async def test_a_full_disk_of_sqlite_is_away(sqlite_url: str) -> None:
    ledger = Ledger(sqlite_url)
    await ledger.accept(new_task())
    async with ledger.database.engine.connect() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1"))
        # The pool has this one connection; given back, the next write uses it.
    large = new_task(input=msgspec.json.encode("x" * 10_000_000).decode())

    with pytest.raises(LedgerUnavailableError, match="full"):
        await ledger.accept(large)
    await ledger.close()


async def test_a_postgresql_that_stops_and_comes_back_is_used_again(tmp_path: Path) -> None:
    with PostgresServer() as server:
        from penstock.ledger.migrate import upgrade_async

        url = server.url(server.create_database())
        await upgrade_async(url)
        ledger = Ledger(url)
        await ledger.accept(new_task())

        server.pause()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await ledger.ping()
        finally:
            server.resume()
        await ledger.accept(new_task())

        server.stop()
        for call in (ledger.accept(new_task()), pass_gate(ledger, uuid7())):
            with pytest.raises(LedgerUnavailableError):
                await call
        await ledger.close()
