"""PostgreSQL by way of a pooler: what it refuses, drops and loses."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from penstock.ledger import Ledger, migrate
from penstock.ledger.errors import UnfitPoolerError
from tests.integration.ledger.test_ledger import new_task
from tests.services import PostgresServer
from tests.services.strict_pooler import strict_pooler


@asynccontextmanager
async def opened(url: str, *, port: int | None = None) -> AsyncIterator[Ledger]:
    """A ledger at this address, or at another port of it."""
    address = make_url(url) if port is None else make_url(url).set(port=port)
    ledger = Ledger(address.render_as_string(hide_password=False))
    try:
        yield ledger
    finally:
        await ledger.close()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.name == "penstock.ledger.postgresql"]


async def plan_cache_mode(ledger: Ledger) -> str:
    async with ledger.database.read("look") as connection:
        return str((await connection.execute(text("SHOW plan_cache_mode"))).scalar_one())


async def test_straight_to_postgresql_our_settings_hold(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(postgresql_url) as ledger:
        assert await plan_cache_mode(ledger) == "force_generic_plan"
    assert told(caplog) == []


async def test_where_our_settings_are_refused_all_goes_on_and_it_is_told_once(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    straight = make_url(postgresql_url).port or 0
    with caplog.at_level(logging.WARNING):
        async with (
            strict_pooler(straight, refused="jit") as port,
            opened(postgresql_url, port=port) as ledger,
        ):
            await asyncio.gather(*(ledger.accept(new_task()) for _ in range(20)))
            found = await asyncio.gather(*(plan_cache_mode(ledger) for _ in range(5)))

    assert set(found) == {"auto"}
    (warning,) = told(caplog)
    assert "SET plan_cache_mode = force_generic_plan; SET jit = off" in warning
    assert "connect_query" in warning


async def test_what_is_set_behind_a_pooler_is_nothing_to_complain_of(
    postgres_server: PostgresServer, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    straight = make_url(postgresql_url)
    for setting in ("plan_cache_mode = force_generic_plan", "jit = off"):
        postgres_server.execute(f'ALTER DATABASE "{straight.database}" SET {setting}')
    async with (
        strict_pooler(straight.port or 0, refused="jit") as port,
        opened(postgresql_url, port=port) as ledger,
    ):
        assert await plan_cache_mode(ledger) == "force_generic_plan"
    assert told(caplog) == []


@pytest.mark.parametrize("by_driver", [True, False])
async def test_a_pooler_that_loses_statements_is_named(
    postgresql_url: str, *, by_driver: bool
) -> None:
    async with opened(postgresql_url) as ledger:

        async def use() -> None:
            await (ledger.accept(new_task()) if by_driver else ledger.find(uuid7()))

        await use()
        async with ledger.database.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: asyncpg.Connection[asyncpg.Record] = raw.driver_connection
            await driver.execute("DEALLOCATE ALL")

        with pytest.raises(UnfitPoolerError, match=r"PgBouncer 1\.21 or newer"):
            await use()


async def test_the_lock_of_an_upgrade_is_held_however_long_that_takes(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    idle = "idle_in_transaction_session_timeout = '1s'"
    postgres_server.execute(f'ALTER DATABASE "{make_url(postgresql_url).database}" SET {idle}')
    engine = create_async_engine(postgresql_url)
    async with migrate._advisory_lock(engine.connect), engine.connect() as other:
        await asyncio.sleep(1.5)
        assert not await other.scalar(migrate._TRY_LOCK, {"key": migrate._ADVISORY_LOCK})
        await other.rollback()
    async with engine.connect() as other:
        assert await other.scalar(migrate._TRY_LOCK, {"key": migrate._ADVISORY_LOCK})
    await engine.dispose()
