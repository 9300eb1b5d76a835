"""The statements of every task go by the driver itself: what becomes of its connections."""

from datetime import UTC, datetime

import asyncpg
import pytest

from penstock.ledger import Ledger, LedgerUnavailableError, Status
from penstock.ledger.queries import driver_query
from tests.integration.ledger.test_ledger import new_task, outcome
from tests.services import PostgresServer
from tests.services.gate import pass_gate


async def test_a_connection_that_was_cut_is_not_used_again(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    ledger = Ledger(postgresql_url)
    first, second = new_task(), new_task()
    await ledger.accept_all([first, second])
    ((run,), _) = await pass_gate(ledger, first.id)
    database = postgresql_url.rpartition("/")[2].partition("?")[0]

    # Either is repeated on a new connection, so nobody hears of it.
    postgres_server.cut(database)
    assert await ledger.record([outcome(run)]) == {(run.id, run.run): Status.SUCCESS}
    postgres_server.cut(database)
    ((run,), _) = await pass_gate(ledger, second.id)
    assert run.id == second.id
    await ledger.close()


async def test_an_outcome_that_the_database_refuses_is_not_an_outage(postgresql_url: str) -> None:
    ledger = Ledger(postgresql_url)
    task = new_task()
    await ledger.accept(task)
    ((run,), _) = await pass_gate(ledger, task.id)

    for result in ('"a\\u0000b', "{"):
        with pytest.raises(Exception) as refused:  # noqa: PT011  (the driver's own)
            await ledger.record([outcome(run, result=result)])
        assert not isinstance(refused.value, LedgerUnavailableError)
    with pytest.raises(Exception) as refused:  # noqa: PT011
        await ledger.record([outcome(run, result=17)])
    assert not isinstance(refused.value, LedgerUnavailableError)

    assert await ledger.record([outcome(run)]) == {(run.id, run.run): Status.SUCCESS}
    await ledger.close()


async def test_only_of_a_start_nobody_waits_until_it_is_on_the_disk(postgresql_url: str) -> None:
    ledger = Ledger(postgresql_url)
    task = new_task()
    await ledger.accept(task)
    await ledger.close()
    connection = await asyncpg.connect(postgresql_url.replace("+asyncpg", ""))
    await connection.execute("SET synchronous_commit = 'on'")
    now = datetime.now(UTC)
    start = driver_query("start_tasks")
    values = {"ids": [task.id], "leases": [1], "orphans": [False], "worker": "w", "now": now}
    values["due"] = now

    async with connection.transaction():
        assert await connection.fetch(start.text, *(values[name] for name in start.names))
        assert await connection.fetchval("SHOW synchronous_commit") == "off"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    await connection.close()
