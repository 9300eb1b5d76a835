"""A task that is submitted within the application's own transaction is part of it."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from penstock import (
    Client,
    ForeignSessionError,
    IdempotencyKeyReusedError,
    PenstockError,
    TaskNotFoundError,
)
from penstock.dispatch import audit
from penstock.ledger import Origin
from tests.integration.client.conftest import Image, Resize, once, resize, worker

PATIENCE = timedelta(seconds=20)
pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture(params=["asyncpg", "psycopg", "aiosqlite"])
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def database_url(driver: str, request: pytest.FixtureRequest) -> str:
    """The ledger's; the application may have another driver."""
    kind = "sqlite_url" if driver == "aiosqlite" else "postgresql_url"
    url: str = request.getfixturevalue(kind)
    return url


@pytest.fixture
async def engine(driver: str, database_url: str):
    """The application's own, with a table of its own."""
    engine = create_async_engine(database_url.replace("asyncpg", driver))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE orders (id integer)"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def client(environment, tmp_path):
    async with Client(environ=environment, directory=tmp_path) as client:
        yield client


async def test_it_runs_as_soon_as_the_transaction_is_committed(
    environment, tmp_path, client, engine, monkeypatch
):
    monkeypatch.setattr(audit, "_HANDED_OVER", timedelta(hours=1))
    async with worker(environment, tmp_path), AsyncSession(engine) as session:
        await session.execute(text("INSERT INTO orders VALUES (1)"))
        handle = await client.submit(resize, Resize("a"), session=session)
        if engine.dialect.name == "postgresql":
            # Nobody else sees it so far; SQLite has no reader of its own kind in this process.
            with pytest.raises(TaskNotFoundError):
                await handle.status()
        await session.commit()

        # Long before any audit looks.
        assert await handle.result(timeout=PATIENCE) == Image("a@320")


async def test_what_is_rolled_back_never_runs(environment, tmp_path, client, engine):
    async with worker(environment, tmp_path):
        async with AsyncSession(engine) as session:
            undone = await client.submit(resize, Resize("a"), session=session)
            await session.rollback()
            # The session, and perhaps its connection, go on.
            kept = await client.submit(resize, Resize("b"), session=session)
            savepoint = await session.begin_nested()
            inner = await client.submit(resize, Resize("c"), session=session)
            await savepoint.rollback()
            await session.commit()

        assert await kept.result(timeout=PATIENCE) == Image("b@320")
        for each in (undone, inner):
            with pytest.raises(TaskNotFoundError):
                await each.status()


async def test_a_connection_is_as_good_as_a_session(environment, tmp_path, client, engine):
    async with worker(environment, tmp_path):
        async with engine.connect() as connection:
            handles = []
            for number in range(3):
                submitted = await client.submit(
                    resize, Resize("a", number), session=connection, delay=timedelta(seconds=0.2)
                )
                handles.append(submitted)
                await connection.commit()
        for number, handle in enumerate(handles):
            assert await handle.result(timeout=PATIENCE) == Image(f"a@{number}")


async def test_keys_and_uniqueness_hold_within_a_transaction(client, engine):
    first = await client.submit(once, Resize("a"))
    async with AsyncSession(engine) as session:
        twin = await client.submit(once, Resize("a", 320), session=session)
        keyed = await client.submit(resize, Resize("b"), idempotency_key="k", session=session)
        again = await client.submit(resize, Resize("b"), idempotency_key="k", session=session)
        with pytest.raises(IdempotencyKeyReusedError):
            await client.submit(resize, Resize("c"), idempotency_key="k", session=session)
        await session.commit()

    assert (twin.id, twin.origin) == (first.id, Origin.EXISTING)
    assert (again.id, again.origin) == (keyed.id, Origin.REPLAYED)
    assert (await keyed.status()).status == "pending"


async def test_a_session_on_another_database_is_refused(client, driver, postgres_server, tmp_path):
    if driver == "aiosqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
    else:
        url = postgres_server.url(postgres_server.create_database()).replace("asyncpg", driver)
    engine = create_async_engine(url)
    async with AsyncSession(engine) as session:
        with pytest.raises(ForeignSessionError, match="not the ledger's database"):
            await client.submit(resize, Resize("a"), session=session)
    await engine.dispose()


async def test_what_is_no_session_is_named(environment, tmp_path, client, engine):
    with pytest.raises(ValueError, match=r"to be an AsyncSession or AsyncConnection .*, got 5"):
        await client.submit(resize, Resize("a"), session=5)
    closed = Client(environ=environment, directory=tmp_path)
    async with AsyncSession(engine) as session:
        with pytest.raises(PenstockError, match="this client is closed"):
            await closed.submit(resize, Resize("a"), session=session)


async def test_many_transactions_at_once(environment, tmp_path, client, engine):
    async def one(number: int):
        async with AsyncSession(engine) as session:
            handle = await client.submit(resize, Resize("a", number), session=session)
            await (session.rollback if number % 2 else session.commit)()
        return handle

    # SQLite has one writer: sessions of one process would wait for each other in vain.
    limit = asyncio.Semaphore(1 if engine.dialect.name == "sqlite" else 5)

    async def limited(number: int):
        async with limit:
            return await one(number)

    async with worker(environment, tmp_path):
        handles = await asyncio.gather(*map(limited, range(10)))
        for number, handle in enumerate(handles):
            if number % 2:
                with pytest.raises(TaskNotFoundError):
                    await handle.status()
            else:
                assert await handle.result(timeout=PATIENCE) == Image(f"a@{number}")


DIES = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from penstock import Client
from penstock.client import client as client_module
from tests.integration.client.conftest import Resize, acme_catalogue, resize

client_module.discover, client_module.selected = list, lambda _: acme_catalogue()

async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with Client() as client, AsyncSession(engine) as session:
        for name in ("rolled back", "committed"):
            handle = await client.submit(resize, Resize(name), session=session)
            await (session.rollback if name == "rolled back" else session.commit)()
            print(handle.id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_a_process_killed_right_after_the_commit_has_submitted(
    environment, tmp_path, client, engine, free_port, monkeypatch
):
    monkeypatch.setattr(audit, "_HANDED_OVER", timedelta(seconds=0.5))
    # It reaches no Redis: so it is sure to die between the commit and the hand-over.
    unreachable = {"REDIS_URL": f"redis://127.0.0.1:{free_port}/0"}
    # The queue's index is there before: nothing but the audit finds the task.
    async with worker(environment, tmp_path) as application:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            DIES,
            env={**os.environ, **environment, **unreachable, "PYTHONPATH": str(Path.cwd())},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL
        undone, committed = (UUID(each) for each in said.decode().split())

        record = await application.hub.ended(committed, PATIENCE)
        assert record is not None
        assert record.status == "success"
        with pytest.raises(TaskNotFoundError):
            await client.task(undone)
