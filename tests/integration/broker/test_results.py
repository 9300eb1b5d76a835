"""taskiq's results, where Sentinels name the Redis, and on a Redis Cluster."""

import asyncio
from datetime import timedelta
from pathlib import Path

from redis import Redis
from taskiq import TaskiqResult

from penstock.broker import result_backend
from penstock.engine import RedisServers
from tests.services import RedisCluster, SentinelCluster

RESULT: TaskiqResult[int] = TaskiqResult(is_err=False, return_value=42, execution_time=0.1)


async def test_a_result_is_found_on_the_next_master_by_few_connections(tmp_path: Path) -> None:
    with SentinelCluster(tmp_path) as cluster:
        backend = result_backend(
            RedisServers(cluster.url), namespace="penstock", keep=timedelta(hours=1)
        )
        with Redis.from_url(cluster.master.url) as master:
            before = master.info("stats")["total_connections_received"]
            await backend.set_result("t1", RESULT)
            # As a caller of `wait_result()` does.
            for _ in range(20):
                assert await backend.is_result_ready("t1")
            connections = master.info("stats")["total_connections_received"] - before
            assert 0 < master.ttl("penstock:result:t1") <= 3600

        await asyncio.to_thread(cluster.fail_over)
        await asyncio.to_thread(cluster.settle)
        found = await backend.get_result("t1")
        await backend.shutdown()

    assert connections < 5
    assert found.return_value == 42


async def test_results_are_spread_over_a_cluster_and_found_by_few_connections(
    tmp_path: Path,
) -> None:
    with RedisCluster(tmp_path) as cluster:
        backend = result_backend(
            RedisServers(cluster.url), namespace="penstock", keep=timedelta(hours=1)
        )
        ids = [f"t{number}" for number in range(20)]
        masters = [Redis(port=each.port) for each in cluster.masters]
        before = sum(each.info("stats")["total_connections_received"] for each in masters)
        for each in ids:
            await backend.set_result(each, RESULT)
            assert await backend.is_result_ready(each)
            assert (await backend.get_result(each)).return_value == 42
        after = sum(each.info("stats")["total_connections_received"] for each in masters)
        kept = [each.dbsize() for each in masters]
        lives = {master.ttl(name) for master in masters for name in master.keys()}  # noqa: SIM118
        await backend.shutdown()
        for master in masters:
            master.close()

    assert sum(kept) == len(ids)
    assert all(kept)
    assert 0 < min(lives) <= max(lives) <= 3600
    # Some are the cluster's own, and one asks where things are.
    assert after - before < 10
