"""PostgreSQL's own driver on the connections of SQLAlchemy's pool."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from penstock.ledger import LedgerUnavailableError
from penstock.ledger.database import Database
from penstock.ledger.queries import DriverQuery
from tests.services import PostgresServer

ANSWER = DriverQuery("SELECT $1::int AS answer", ("answer",))
WHO = DriverQuery("SELECT pg_backend_pid()", ())
SLEEP = DriverQuery("SELECT pg_sleep($1)", ("seconds",))


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    database = Database(postgresql_url)
    yield database
    await database.close()


async def test_a_database_that_was_restarted_costs_no_statement_on_any_old_connection(
    database: Database, postgres_server: PostgresServer, postgresql_url: str
) -> None:
    async with asyncio.TaskGroup() as sleepers:
        for _ in range(3):
            sleepers.create_task(database.fetch("sleep", SLEEP, {"seconds": 0.05}))
    assert database.engine.pool.checkedin() > 1  # type: ignore[attr-defined]

    postgres_server.cut(postgresql_url.rpartition("/")[2].partition("?")[0])
    # The loop hears of it.
    await asyncio.sleep(0.1)

    for _ in range(4):
        (row,) = await database.fetch("answer", ANSWER, {"answer": 42})
        assert row[0] == 42


async def test_a_statement_given_up_in_the_middle_leaves_its_answer_to_nobody(
    database: Database,
) -> None:
    ((before,),) = await database.fetch("answer", WHO, {})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await database.fetch("sleep", SLEEP, {"seconds": 60})

    ((after,),) = await database.fetch("answer", WHO, {})
    assert after != before


async def test_what_the_database_refuses_keeps_the_connection_and_hides_the_parameters(
    database: Database,
) -> None:
    bad = DriverQuery("SELECT CAST(CAST($1 AS text) AS integer)", ("text",))

    with pytest.raises(DBAPIError) as refused:
        await database.fetch("read a number", bad, {"text": "a secret"})
    assert "SELECT" not in str(refused.value)
    assert not refused.value.connection_invalidated
    missing = DriverQuery("SELECT 1 FROM nowhere", ())
    with pytest.raises(LedgerUnavailableError, match="penstock db upgrade"):
        await database.fetch("look", missing, {})

    assert database.engine.pool.checkedin() == 1  # type: ignore[attr-defined]


async def test_a_connection_whose_protocol_is_in_disorder_is_not_used_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A first connection asks for its settings, by the same method.
    await database.fetch("answer", ANSWER, {"answer": 1})
    fetch = asyncpg.Connection.fetch
    # What the driver says of one that is cut off this very moment, before it is closed.
    errors = iter([asyncpg.InternalClientError("cannot switch to state 11")])
    used: list[Any] = []

    async def cut_once(connection: Any, *args: Any) -> Any:
        used.append(connection)
        for error in errors:
            raise error
        return await fetch(connection, *args)

    monkeypatch.setattr(asyncpg.Connection, "fetch", cut_once)

    with pytest.raises(LedgerUnavailableError) as caught:
        await database.fetch("answer", ANSWER, {"answer": 1})

    assert caught.value.cut
    (row,) = await database.fetch("answer", ANSWER, {"answer": 1})
    assert row[0] == 1
    assert used[0] is not used[1]
