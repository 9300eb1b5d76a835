"""Each test gets a database of its own, migrated, on both systems."""

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.fixture
async def engine(database_url):
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


async def test_it_is_migrated(engine):
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert "task" in tables


@pytest.mark.parametrize("visit", [1, 2])
async def test_what_one_test_writes_no_other_sees(engine, visit):
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE trace (visit int)"))
