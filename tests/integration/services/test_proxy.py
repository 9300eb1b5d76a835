"""The tests' own proxy does what its name says."""

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.services import Proxy


@pytest.fixture
def proxy(redis_server):
    with Proxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    never = Retry(NoBackoff(), 0)
    with Redis(host="127.0.0.1", port=proxy.port, socket_timeout=0.5, retry=never) as client:
        client.ping()
        yield client


def seconds(client):
    started = time.monotonic()
    client.ping()
    return time.monotonic() - started


def test_it_forwards_both_ways(client, namespace):
    client.set(namespace, "x" * 300_000, ex=10)
    assert len(client.get(namespace)) == 300_000


def test_a_slow_line_delays_each_direction_until_it_is_healed(client, proxy):
    proxy.slow(timedelta(milliseconds=100))
    assert seconds(client) >= 0.2
    proxy.heal()
    assert seconds(client) < 0.2


def test_a_narrow_line_takes_longer_for_more(client, proxy, namespace):
    proxy.limit(1_000_000)
    started = time.monotonic()
    client.set(namespace, "x" * 200_000, ex=10)
    assert time.monotonic() - started >= 0.2


def test_what_was_stalled_arrives_once_it_is_healed(client, proxy, redis_server, namespace):
    proxy.stall()
    with pytest.raises(RedisTimeoutError):
        client.ping()
    proxy.heal()
    assert client.ping()


def test_a_refusing_proxy_closes_old_and_new_connections(client, proxy):
    proxy.refuse()
    for _ in range(2):
        with pytest.raises(RedisConnectionError):
            client.ping()
    proxy.heal()
    assert client.ping()


def test_a_cut_closes_connections_and_takes_new_ones(client, proxy):
    before = client.client_id()
    proxy.cut()
    # redis-py may notice before it asks, and takes another connection by itself.
    with suppress(RedisConnectionError):
        client.ping()
    assert client.client_id() != before


def test_without_a_server_behind_it_connections_are_closed(free_port):
    never = Retry(NoBackoff(), 0)
    with (
        Proxy(free_port) as proxy,
        Redis(host="127.0.0.1", port=proxy.port, retry=never) as client,
        pytest.raises(RedisConnectionError),
    ):
        client.ping()


def test_a_proxy_that_does_not_run_says_so(free_port):
    with pytest.raises(RuntimeError, match=r"start\(\) it"):
        Proxy(free_port).cut()
