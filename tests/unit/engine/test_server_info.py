"""Which servers queues can be entrusted to."""

import pytest

from penstock.engine import ServerInfo

REDIS = {
    "redis_version": "7.0.15",
    "run_id": "1f3c",
    "role": "master",
    "master_replid": "8a2b",
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
}
VALKEY = {**REDIS, "server_name": "valkey", "valkey_version": "8.0.1", "redis_version": "7.2.4"}


def test_what_a_server_says_is_found():
    assert ServerInfo.of(REDIS) == ServerInfo(
        product="redis",
        version="7.0.15",
        run_id="1f3c",
        replication_id="8a2b",
        role="master",
        maxmemory_policy="noeviction",
    )
    assert (ServerInfo.of(VALKEY).product, ServerInfo.of(VALKEY).version) == ("valkey", "8.0.1")


@pytest.mark.parametrize(
    "info",
    [
        REDIS,
        VALKEY,
        {**REDIS, "redis_version": "6.2.0"},
        {**REDIS, "redis_version": "10.0.1"},
        {**REDIS, "redis_version": "255.255.255"},  # built from the development branch
        {**VALKEY, "valkey_version": "0.9", "redis_version": "2.8"},
        {"redis_version": "7.1.0", "role": "master"},  # a service that keeps the rest to itself
        {},
    ],
)
def test_a_server_that_keeps_what_it_is_given_is_fine(info):
    assert ServerInfo.of(info).problem() == ""


@pytest.mark.parametrize("version", ["6.0.16", "5.0.7", "2.8"])
def test_a_redis_that_is_too_old_is_not(version):
    problem = ServerInfo.of({**REDIS, "redis_version": version}).problem()

    assert problem == f"to be Redis 6.2 or newer, or Valkey, got Redis {version}: upgrade it"


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
@pytest.mark.parametrize("maxmemory", [0, 1_000_000])
def test_one_that_evicts_is_not_whatever_its_memory_is_now(policy, maxmemory):
    info = {**VALKEY, "maxmemory_policy": policy, "maxmemory": maxmemory}

    assert f"to have maxmemory-policy noeviction, got {policy!r}" in ServerInfo.of(info).problem()
