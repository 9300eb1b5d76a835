"""taskiq's results, where Sentinels name the Redis."""

import asyncio
from datetime import timedelta
from pathlib import Path

from redis import Redis
from taskiq import TaskiqResult

from penstock.broker import result_backend
from penstock.engine import RedisServers
from tests.services import SentinelCluster

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
