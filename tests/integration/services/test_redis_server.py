"""The tests' own Redis does what its name says."""

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.services import RedisServer


@pytest.fixture
def server(tmp_path):
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def client(server):
    with Redis.from_url(server.url) as client:
        yield client


def test_a_restart_keeps_the_address_and_the_data(server, client):
    client.set("kept", 1)
    server.restart()
    assert client.get("kept") == b"1"


def test_a_killed_server_refuses_connections_until_it_is_started(server, client):
    server.kill()
    with pytest.raises(RedisConnectionError):
        client.ping()
    server.start()
    assert client.ping()


def test_a_paused_server_keeps_silent_until_it_is_resumed(server):
    no_retry = Retry(NoBackoff(), 0)
    with Redis.from_url(server.url, socket_timeout=0.1, retry=no_retry) as client:
        client.ping()
        server.pause()
        with pytest.raises(RedisTimeoutError):
            client.ping()
        server.resume()
        assert client.ping()


def test_flush_leaves_nothing(server, client):
    client.set("gone", 1)
    server.flush()
    assert client.dbsize() == 0


def test_an_empty_server_takes_the_place_of_one_that_was_killed(server, client):
    client.set("gone", 1)
    server.kill()
    server.forget()
    server.start()
    assert client.dbsize() == 0


def test_rewind_brings_back_what_was_and_forgets_what_came_after(server, client, tmp_path):
    client.set("kept", 1)
    server.snapshot(tmp_path / "snapshot")
    client.delete("kept")
    client.set("gone", 1)
    server.rewind(tmp_path / "snapshot")
    assert client.keys() == [b"kept"]


def test_a_cut_closes_every_connection(server, client):
    client.client_setname("old")
    server.cut()
    with Redis.from_url(server.url) as another:
        assert "old" not in [each["name"] for each in another.client_list()]
    assert client.ping()


def test_a_server_that_does_not_run_has_no_pid(tmp_path):
    with pytest.raises(RuntimeError, match=r"start\(\) it"):
        _ = RedisServer(tmp_path).pid


def test_namespaces_differ_from_test_to_test(namespace, redis_url):
    with Redis.from_url(redis_url) as client:
        assert not client.keys(f"*{namespace}*")
