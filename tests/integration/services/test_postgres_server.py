"""The tests' own PostgreSQL does what its name says."""

import asyncio

import asyncpg
import pytest

from tests.services import postgres_binaries
from tests.services.postgres_binaries import find_postgres
from tests.services.postgres_server import PostgresServer


def dsn(server, database="postgres"):
    return server.url(database).replace("+asyncpg", "")


@pytest.fixture
def database(postgres_server):
    name = postgres_server.create_database()
    yield name
    postgres_server.drop_database(name)


async def fetch(server, database, query):
    connection = await asyncpg.connect(dsn(server, database))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_copy_has_the_rows_of_its_template_and_keeps_its_own(postgres_server, database):
    postgres_server.execute("CREATE TABLE dam AS SELECT 1 AS height", database)
    copy = postgres_server.create_database(template=database)
    try:
        postgres_server.execute("UPDATE dam SET height = 2", copy)
        assert await fetch(postgres_server, copy, "SELECT height FROM dam") == 2
        assert await fetch(postgres_server, database, "SELECT height FROM dam") == 1
    finally:
        postgres_server.drop_database(copy)


async def test_a_database_is_dropped_although_somebody_is_connected(postgres_server):
    name = postgres_server.create_database()
    connection = await asyncpg.connect(dsn(postgres_server, name))
    postgres_server.drop_database(name)
    with pytest.raises(asyncpg.PostgresError):
        await connection.fetchval("SELECT 1")
    connection.terminate()


async def test_it_does_not_wait_for_the_disk_unless_it_is_durable(postgres_server):
    assert await fetch(postgres_server, "postgres", "SHOW fsync") == "off"
    with PostgresServer(durable=True) as durable:
        assert await fetch(durable, "postgres", "SHOW fsync") == "on"
        assert await fetch(durable, "postgres", "SHOW synchronous_commit") == "on"


@pytest.fixture
def own_server():
    """A server that this test may break. What is committed survives the server's crash."""
    with PostgresServer(settings={"synchronous_commit": "on"}) as server:
        server.execute("CREATE TABLE dam AS SELECT 1 AS height")
        yield server


async def test_a_killed_server_refuses_connections_and_comes_back_with_its_data(own_server):
    own_server.kill()
    with pytest.raises(ConnectionRefusedError):
        await fetch(own_server, "postgres", "SELECT 1")
    own_server.start()
    assert await fetch(own_server, "postgres", "SELECT height FROM dam") == 1


async def test_a_restart_keeps_the_address_and_the_data(own_server):
    own_server.restart()
    assert await fetch(own_server, "postgres", "SELECT height FROM dam") == 1


async def test_a_paused_server_keeps_silent_until_it_is_resumed(own_server):
    connection = await asyncpg.connect(dsn(own_server))
    own_server.pause()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncpg.connect(dsn(own_server)), 0.2)
    own_server.resume()
    assert await connection.fetchval("SELECT height FROM dam") == 1
    await connection.close()


async def test_a_cut_closes_every_connection(postgres_server, database):
    connection = await asyncpg.connect(dsn(postgres_server, database))
    postgres_server.cut(database)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.fetchval("SELECT 1")
    assert await fetch(postgres_server, database, "SELECT 1") == 1
    connection.terminate()


async def test_the_bundled_one_serves_where_the_system_has_none(monkeypatch):
    monkeypatch.setattr(postgres_binaries, "_system_folders", lambda: iter(()))
    with PostgresServer() as server:
        assert await fetch(server, "postgres", "SELECT 1") == 1


def test_where_there_is_none_the_error_names_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres_binaries, "_system_folders", lambda: iter(()))
    monkeypatch.setattr(postgres_binaries, "_bundled_folder", lambda: None)
    with pytest.raises(RuntimeError, match="make install"):
        find_postgres(postgres_binaries.Account(), tmp_path)


def test_stop_leaves_nothing_behind():
    server = PostgresServer()
    server.start()
    folder = server._folder
    server.stop()
    assert folder is not None
    assert not folder.exists()
