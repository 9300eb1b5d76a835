"""A whole installation over every kind of Redis that operators have."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.acceptance.conftest import Install
from tests.services import (
    Certificates,
    RedisCluster,
    RedisServer,
    RedisUser,
    SentinelCluster,
    TlsProxy,
)
from tests.services.installation import wait_until


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One is enough here: it does not matter to Redis."""
    return sqlite_url


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that this test may break."""
    with RedisServer(tmp_path_factory.mktemp("own-redis")) as server:
        yield server


def test_tasks_survive_the_death_of_the_master_that_sentinels_watch_over(
    install: Install, tmp_path_factory: pytest.TempPathFactory, log: Path, gate: Path
) -> None:
    with SentinelCluster(tmp_path_factory.mktemp("sentinel")) as cluster:
        penstock = install(redis_url=cluster.url, lease=10)
        penstock.start_worker("probe")
        first = penstock.submit("probe.sleep", {"log": str(log)})
        assert penstock.outcome(first)["status"] == "success"
        running = penstock.submit("probe.sleep", {"log": str(log), "name": "r", "until": str(gate)})
        wait_until(lambda: "start r" in log.read_text(), what="the handler to start")

        old = cluster.kill_master()
        accepted = [penstock.submit("probe.sleep", {"log": str(log)}) for _ in range(10)]
        cluster.wait_for_another_master_than(old)
        gate.touch()

        outcomes = [penstock.outcome(each)["status"] for each in (running, *accepted)]
        assert outcomes == ["success"] * 11
        assert log.read_text().count("start r") == 1
        wait_until(
            lambda: penstock.client.get("/api/health").status_code == 200, what="good health"
        )


def test_tasks_survive_the_death_of_the_node_of_a_cluster_that_holds_their_queue(
    install: Install, tmp_path_factory: pytest.TempPathFactory, log: Path, gate: Path
) -> None:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        penstock = install(redis_url=cluster.url, lease=10)
        penstock.start_worker("probe")
        first = penstock.submit("probe.sleep", {"log": str(log)})
        assert penstock.outcome(first)["status"] == "success"
        running = penstock.submit("probe.sleep", {"log": str(log), "name": "r", "until": str(gate)})
        wait_until(lambda: "start r" in log.read_text(), what="the handler to start")

        old = cluster.holder_of("probe")
        old.kill()
        accepted = [penstock.submit("probe.sleep", {"log": str(log)}) for _ in range(30)]
        health = penstock.client.get("/api/health")
        cluster.wait_for_another_master_than(old)
        gate.touch()

        outcomes = [penstock.outcome(each)["status"] for each in (running, *accepted)]
        assert outcomes == ["success"] * 31
        assert log.read_text().count("start r") == 1
        assert health.status_code == 503
        assert f"127.0.0.1:{old.port}" in penstock.logs()
        wait_until(
            lambda: penstock.client.get("/api/health").status_code == 200, what="good health"
        )


def test_by_tls_with_a_private_authority_and_a_certificate_of_its_own(
    install: Install, own_redis: RedisServer, tmp_path: Path, log: Path
) -> None:
    certificates = Certificates(tmp_path / "certificates")
    context = certificates.server_context(client_certificates=True)
    with TlsProxy(own_redis.port, context) as proxy:
        penstock = install(
            redis_url=f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificates.authority}"
            f"&ssl_certfile={certificates.client}&ssl_keyfile={certificates.client_key}"
        )
        worker = penstock.start_worker("probe")
        task_id = penstock.submit("probe.sleep", {"log": str(log)})

        assert penstock.outcome(task_id)["status"] == "success"
        assert penstock.stop(worker) == 0


def test_with_a_user_that_has_no_more_rights_than_the_page_on_redis_asks_for(
    install: Install, own_redis: RedisServer, namespace: str, log: Path
) -> None:
    user = RedisUser(own_redis, namespace)
    penstock = install(redis_url=user.url)
    worker = penstock.start_worker("probe")
    task_id = penstock.submit("probe.flaky", {"log": str(log), "failures": 1}, delay_seconds=0.1)

    assert penstock.outcome(task_id)["status"] == "success"
    assert penstock.queue_status()["probe"]["workers"] == 1
    assert penstock.stop(worker) == 0
    assert user.refused() == []


@pytest.mark.parametrize("command", ["api", "worker", "dev"])
def test_a_redis_that_evicts_is_refused_at_the_start_with_one_message(
    install: Install, own_redis: RedisServer, free_port: int, command: str
) -> None:
    penstock = install(redis_url=own_redis.url)
    penstock.environment["PENSTOCK_PORT"] = str(free_port)  # its own is taken, by its API
    with Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")

    refused = penstock.start(command)

    assert refused.wait(30) == 2
    (message,) = penstock.log_of(refused).splitlines()
    assert message.startswith(f"error: expected the Redis of REDIS_URL (127.0.0.1:{own_redis.port}")
    assert "maxmemory-policy noeviction, got 'allkeys-lru'" in message


def test_a_certificate_that_cannot_be_read_is_refused_at_the_start(
    install: Install, tmp_path: Path
) -> None:
    penstock = install()
    missing = tmp_path / "missing.pem"
    penstock.environment["REDIS_URL"] = f"rediss://cache/0?ssl_ca_certs={missing}"

    refused = penstock.start("worker")

    assert refused.wait(30) == 2
    (message,) = penstock.log_of(refused).splitlines()
    assert message.startswith("error: expected ssl_ca_certs of REDIS_URL to name a file")
    assert str(missing) in message


def test_a_redis_that_is_away_refuses_no_start(
    install: Install, own_redis: RedisServer, log: Path
) -> None:
    penstock = install(redis_url=own_redis.url)
    own_redis.stop()
    worker = penstock.start("worker", "--queues", "probe")
    wait_until(
        lambda: "starting without Redis" in penstock.log_of(worker), what="the worker to say so"
    )
    task_id = penstock.submit("probe.sleep", {"log": str(log)})

    own_redis.start()

    assert penstock.outcome(task_id)["status"] == "success"
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
