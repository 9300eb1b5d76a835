"""The database goes away and comes back: nothing is promised meanwhile, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.ledger.migrate import upgrade
from tests.services import PostgresServer
from tests.services.installation import Installation, wait_until


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that this test may break; what it committed survives that."""
    with PostgresServer(durable=True) as server:
        yield server


@pytest.fixture
def penstock(
    tmp_path: Path, redis_url: str, namespace: str, own_postgres: PostgresServer
) -> Iterator[Installation]:
    database_url = own_postgres.url(own_postgres.create_database())
    upgrade(database_url)
    with Installation(
        tmp_path,
        redis_url=redis_url,
        database_url=database_url,
        namespace=namespace,
        lease=1.0,
        environment={"PENSTOCK_QUEUE_PROBE_CONCURRENCY": "20"},
    ) as installation:
        yield installation


def test_without_the_database_tasks_are_refused_for_now_and_outcomes_are_held(
    penstock: Installation, own_postgres: PostgresServer, log: Path, gate: Path
) -> None:
    penstock.start_worker("probe")
    order = {"log": str(log), "until": str(gate)}
    running = [penstock.submit("probe.sleep", order) for _ in range(10)]
    wait_until(
        lambda: log.exists() and log.read_text().count("start") == 10, what="all of them to run"
    )

    own_postgres.kill()
    gate.touch()
    refused = penstock.post("probe.sleep", {"log": str(log)})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/database-unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    # They end while nobody can write it down, and stay their worker's far longer than a lease.
    wait_until(lambda: log.read_text().count("end") == 10, what="all of them to end")
    wait_until(lambda: "holding" in penstock.logs(), what="the worker to hold their outcomes")

    own_postgres.start()

    for task_id in running:
        task = penstock.outcome(task_id)
        assert (task["status"], task["attempts"]) == ("success", 1)
    assert log.read_text().count("start") == 10
    assert penstock.outcome(penstock.submit("probe.sleep", {"log": str(log)}))["status"] == (
        "success"
    )


def test_a_worker_that_is_told_to_stop_does_not_wait_for_the_database_for_ever(
    penstock: Installation, own_postgres: PostgresServer, log: Path, gate: Path
) -> None:
    worker = penstock.start_worker("probe")
    task_id = penstock.submit("probe.sleep", {"log": str(log), "until": str(gate)})
    wait_until(log.exists, what="the handler to start")
    own_postgres.kill()
    gate.touch()
    wait_until(lambda: "holding 1 outcomes" in penstock.logs(), what="the outcome to be held")

    assert penstock.stop(worker) == 0
    assert "1 outcomes are not recorded: their tasks run again" in penstock.logs()

    own_postgres.start()
    penstock.start_worker("probe")
    task = penstock.outcome(task_id)
    assert (task["status"], task["attempts"]) == ("success", 1)
    assert log.read_text().count("start") == 2


def test_a_restart_of_the_database_is_hardly_noticed(
    penstock: Installation, own_postgres: PostgresServer, log: Path
) -> None:
    penstock.start_worker("probe")
    before = [penstock.submit("probe.sleep", {"log": str(log), "seconds": 1}) for _ in range(5)]
    wait_until(log.exists, what="the handlers to start")

    own_postgres.restart()

    # The first call on each connection that was cut is repeated on another one.
    after = [penstock.submit("probe.sleep", {"log": str(log)}) for _ in range(20)]
    for task_id in (*before, *after):
        assert penstock.outcome(task_id)["status"] == "success"
    assert log.read_text().count("start") == 25
