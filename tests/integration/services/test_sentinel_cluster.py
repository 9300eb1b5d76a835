"""The tests' own failover is a real one."""

import time

import pytest
from redis import Redis
from redis.exceptions import ReadOnlyError

from tests.services import SentinelCluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with SentinelCluster(tmp_path_factory.mktemp("sentinel"), replicas=2) as cluster:
        yield cluster


def test_a_killed_master_is_replaced_within_seconds_and_comes_back_as_a_replica(cluster):
    with Redis.from_url(cluster.master.url) as client:
        client.set("kept", 1)
        client.wait(2, 1000)

    started = time.monotonic()
    old = cluster.kill_master()
    cluster.wait_for_another_master_than(old)

    assert time.monotonic() - started < 10
    with Redis.from_url(cluster.master.url) as client:
        assert client.get("kept") == b"1"

    cluster.revive()
    cluster.settle()
    with Redis.from_url(old.url) as client, pytest.raises(ReadOnlyError):
        client.set("kept", 2)


def test_another_server_can_take_over_while_the_master_lives(cluster):
    cluster.settle()

    old = cluster.fail_over()

    assert old.runs
    assert cluster.master is not old
