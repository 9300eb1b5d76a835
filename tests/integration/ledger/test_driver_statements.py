"""The statements of every task go by the driver itself: what becomes of its connections."""

import pytest

from penstock.ledger import Ledger, LedgerUnavailableError, Status
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
