"""What a process learns of its Redis, at its start and later."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from penstock.engine import EngineUnavailableError, RedisServers, ServerWatch, UnsuitableServerError
from penstock.redis_url import RedisUrlError
from tests.services import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def watch(server: RedisServer) -> AsyncIterator[ServerWatch]:
    watch = ServerWatch(RedisServers(server.url))
    yield watch
    await watch.close()


def set_policy(server: RedisServer, policy: str) -> None:
    with Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", policy)


async def next_answer(watch: ServerWatch) -> set[str]:
    """The first one; a connection to a server that is gone may fail once."""
    with suppress(EngineUnavailableError):
        return await watch.changed(["acme"])
    return await watch.changed(["acme"])


async def test_a_server_that_evicts_is_refused_by_name_with_the_remedy(
    watch: ServerWatch, server: RedisServer
) -> None:
    set_policy(server, "allkeys-lru")

    with pytest.raises(UnsuitableServerError) as caught:
        await watch.check()

    assert f"the Redis of REDIS_URL (127.0.0.1:{server.port})" in str(caught.value)
    assert "noeviction, got 'allkeys-lru'" in str(caught.value)
    assert "CONFIG SET maxmemory-policy noeviction" in str(caught.value)
    # Whoever is ready for a Redis that is away is ready for this one; at a start it is a setting.
    assert isinstance(caught.value, EngineUnavailableError)
    assert isinstance(caught.value, RedisUrlError)


async def test_the_embedded_server_passes(watch: ServerWatch, server: RedisServer) -> None:
    (info,) = await watch.check()

    with Redis.from_url(server.url) as client:
        assert info.run_id == client.info("server")["run_id"]
    assert info.role == "master"


async def test_a_restart_is_noticed_once(watch: ServerWatch, server: RedisServer) -> None:
    assert not await watch.changed(["acme"])
    assert not await watch.changed(["acme"])

    server.restart()

    assert await next_answer(watch) == {"acme"}
    assert not await watch.changed(["acme"])


async def test_a_new_history_of_the_same_process_is_noticed_once(
    watch: ServerWatch, server: RedisServer, redis_server: RedisServer
) -> None:
    await watch.changed(["acme"])

    with Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", redis_server.port)
        client.replicaof("NO", "ONE")

    assert await watch.changed(["acme"])
    assert not await watch.changed(["acme"])


async def test_a_change_is_noticed_across_an_outage(
    watch: ServerWatch, server: RedisServer
) -> None:
    await watch.changed(["acme"])

    server.kill()
    with pytest.raises(EngineUnavailableError, match="Redis could not describe itself"):
        await watch.changed(["acme"])
    with pytest.raises(EngineUnavailableError):
        await watch.check()
    server.start()

    assert await next_answer(watch) == {"acme"}


async def test_a_server_that_begins_to_evict_is_an_error_in_the_log_once(
    watch: ServerWatch, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    await watch.changed(["acme"])
    set_policy(server, "allkeys-lru")

    with caplog.at_level(logging.ERROR):
        assert not await watch.changed(["acme"])
        await watch.changed(["acme"])
        assert len(caplog.records) == 1
        assert "noeviction, got 'allkeys-lru'" in caplog.text

        set_policy(server, "noeviction")
        await watch.changed(["acme"])
        set_policy(server, "volatile-lru")
        await watch.changed(["acme"])
        assert len(caplog.records) == 2
