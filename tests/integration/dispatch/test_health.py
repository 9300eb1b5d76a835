"""Health never raises and never waits long; the queues' numbers add up."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from penstock import Priority
from penstock.dispatch import QueueStatus, Submission
from penstock.engine import EngineUnavailableError, Heartbeat, RedisServers, Settlement
from penstock.ledger import LedgerUnavailableError, NotMigratedError, Outcome, Status, migrate
from tests.integration.dispatch.conftest import ACME, LEASE, Build, Installation, until
from tests.services import PostgresServer, RedisCluster, RedisServer
from tests.services.gate import pass_gate
from tests.services.index import new_index
from tests.services.standstill import STANDSTILL

LONGEST = 2.0 + STANDSTILL  # seconds


async def test_all_is_well_with_redis_and_database_up(
    installation: Installation, redis_url: str, namespace: str
) -> None:
    await new_index(installation.engine, "acme")
    heartbeat = Heartbeat(RedisServers(redis_url), namespace=namespace, lease=LEASE, worker="w")
    await asyncio.to_thread(heartbeat.renew, "acme", [])
    heartbeat.close()

    health = await installation.dispatch.health()

    assert (health.status, health.redis.status, health.database.status) == ("ok", "up", "up")
    assert health.redis.latency_ms is not None
    assert health.workers == {"acme": 1, "other": 0}


async def test_the_node_of_a_cluster_that_is_away_is_named(build: Build, tmp_path: Path) -> None:
    with RedisCluster(tmp_path) as cluster:
        installation = build(redis_url=cluster.url)
        assert (await installation.dispatch.health()).status == "ok"

        victim = cluster.masters[0]
        victim.pause()
        hanging = await installation.dispatch.health()
        victim.resume()
        victim.kill()
        gone = await installation.dispatch.health()
        cluster.wait_for_another_master_than(victim)

        for each in (hanging, gone):
            assert (each.status, each.redis.status) == ("unavailable", "down")
            assert "of the 3 masters, " in each.redis.detail
            assert f"127.0.0.1:{victim.port}" in each.redis.detail
        assert f"127.0.0.1:{victim.port} did not answer in 1 s" in hanging.redis.detail
        # The replica serves: nobody needs the one that is gone.
        assert (await installation.dispatch.health()).status == "ok"


async def test_a_redis_that_stops_hangs_and_returns_is_told_in_time(
    build: Build, tmp_path: Path
) -> None:
    with RedisServer(tmp_path / "redis") as server:
        installation = build(redis_url=server.url)
        assert (await installation.dispatch.health()).status == "ok"

        server.pause()
        started = time.monotonic()
        health = await installation.dispatch.health()
        assert time.monotonic() - started < LONGEST
        assert (health.status, health.redis.status) == ("unavailable", "down")
        assert health.redis.detail == "redis did not answer in 1.5 s"
        server.resume()
        assert (await installation.dispatch.health()).status == "ok"

        server.stop()
        health = await installation.dispatch.health()
        assert (health.redis.status, health.database.status) == ("down", "up")
        assert "Redis could not answer a PING" in health.redis.detail
        with pytest.raises(EngineUnavailableError):
            await installation.dispatch.queue_status()

        server.start()
        assert (await installation.dispatch.health()).status == "ok"
        await installation.close()


async def test_a_postgresql_that_hangs_or_is_gone_is_told_in_time(
    redis_url: str, namespace: str
) -> None:
    with PostgresServer() as server:
        await migrate.upgrade_async(server.url())
        installation = Installation.build(
            database_url=server.url(), redis_url=redis_url, namespace=namespace
        )
        assert (await installation.dispatch.health()).status == "ok"

        server.pause()
        try:
            started = time.monotonic()
            health = await installation.dispatch.health()
            assert time.monotonic() - started < LONGEST
        finally:
            server.resume()
        assert health.database.detail == "database did not answer in 1.5 s"
        assert health.redis.status == "up"
        assert (await installation.dispatch.health()).status == "ok"

        server.stop()
        health = await installation.dispatch.health()
        assert (health.status, health.database.status) == ("unavailable", "down")
        with pytest.raises(LedgerUnavailableError):
            await installation.dispatch.queue_status()
        await installation.close()


async def test_a_database_that_does_not_exist_is_down_and_no_error(
    build: Build, postgres_server: PostgresServer
) -> None:
    installation = build(database_url=postgres_server.url("never_created"))

    health = await installation.dispatch.health()

    assert (health.database.status, health.redis.status) == ("down", "up")
    assert "never_created" in health.database.detail


async def test_every_queue_has_its_numbers(installation: Installation) -> None:
    dispatch, engine, ledger = installation.dispatch, installation.engine, installation.ledger
    await new_index(engine, "acme")
    for _ in range(3):
        await dispatch.submit(Submission("acme.resize", b'{"source":"a"}', priority=Priority.LOW))

    async def all_are_there() -> bool:
        return (await installation.counts()).waiting == 3

    await until(all_are_there)
    done, _ = (await engine.claim(ACME, 2)).leases
    ((run,), _) = await pass_gate(ledger, done.id)
    await ledger.record(
        [
            Outcome(
                id=run.id,
                queue="acme",
                run=run.run,
                attempt=1,
                status=Status.SUCCESS,
                result="{}",
                started_at=run.started_at,
                finished_at=datetime.now(UTC),
            )
        ]
    )
    await engine.claim(ACME, 0, [Settlement(lease=done)])

    status = await dispatch.queue_status()

    nothing = QueueStatus(
        waiting=0, active=0, completed=0, failed=0, delayed=0, cancelled=0, workers=0, parked=0
    )
    assert status == {
        "acme": msgspec.structs.replace(nothing, waiting=1, active=1, completed=1),
        "other": nothing,
    }


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
async def test_a_database_without_tables_is_not_healthy_and_what_to_do_is_said(
    build: Build, postgres_server: PostgresServer, tmp_path: Path, server: str
) -> None:
    empty = f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    installation = build(
        database_url=empty if server == "sqlite" else postgres_server.url("postgres")
    )

    health = await installation.dispatch.health()
    with pytest.raises(NotMigratedError):
        await installation.policies.refresh()

    assert (health.status, health.redis.status) == ("unavailable", "up")
    assert health.database.status == "not_migrated"
    assert health.database.detail == "it lacks tables of Penstock; run `penstock db upgrade`"
    # What a worker's readiness says.
    assert "its policy is not known yet: " in installation.policies.unknown
    assert "run `penstock db upgrade`" in installation.policies.unknown


async def test_a_schema_that_is_behind_the_code_is_said(build: Build) -> None:
    installation = build()
    async with installation.ledger.database.write("go back") as connection:
        await connection.execute(text("DROP TABLE owner"))

    health = await installation.dispatch.health()

    assert health.database.status == "not_migrated"
