"""Workers that die, stop, hang or take long: no task is lost, none runs twice at once."""

import time
from pathlib import Path

import httpx

from tests.acceptance.conftest import Install
from tests.services.installation import wait_until

LEASE = 0.6
LONG_LEASE = 1.0  # of workers that are to keep theirs
STANDSTILL = 5.0  # seconds; what a machine that is busy with others may add


def lines(log: Path, what: str) -> list[float]:
    """When the handlers wrote ``what``."""
    if not log.exists():
        return []
    found = [line.split() for line in log.read_text().splitlines()]
    return [float(line[3]) for line in found if line[0] == what]


def test_a_killed_workers_task_is_finished_by_another_within_a_lease_on_an_idle_queue(
    install: Install, log: Path, gate: Path
) -> None:
    penstock = install(lease=LEASE)
    workers = penstock.start_workers(2, "probe")
    task_id = penstock.submit("probe.sleep", {"log": str(log), "until": str(gate)})
    wait_until(lambda: bool(lines(log, "start")), what="the handler to start")

    # The other worker has nothing to do, and nobody tells it of the death.
    pid = int(log.read_text().split()[4])
    next(worker for worker in workers if worker.pid == pid).kill()
    killed = time.time()
    gate.touch()
    task = penstock.outcome(task_id)

    assert (task["status"], task["attempts"]) == ("success", 1)
    assert len(lines(log, "start")) == 2
    assert lines(log, "start")[1] - killed <= LEASE + STANDSTILL


def test_sigterm_lets_a_running_task_finish_and_exits_with_0(
    install: Install, log: Path, gate: Path
) -> None:
    penstock = install(lease=LEASE)
    worker = penstock.start_worker("probe")
    task_id = penstock.submit("probe.sleep", {"log": str(log), "until": str(gate)})
    wait_until(lambda: bool(lines(log, "start")), what="the handler to start")

    worker.terminate()
    wait_until(lambda: "stopping" in penstock.log_of(worker), what="the worker to hear of it")
    waiting = penstock.submit("probe.sleep", {"log": str(log)})
    gate.touch()
    assert worker.wait(60) == 0

    assert penstock.task(task_id)["status"] == "success"
    assert penstock.task(waiting)["status"] == "pending"
    assert penstock.queue_status()["probe"]["active"] == 0


def test_a_task_longer_than_the_drain_is_handed_back_at_once_without_spending_an_attempt(
    install: Install, log: Path, gate: Path
) -> None:
    penstock = install(lease=120, drain=0.5)
    first = penstock.start_worker("probe")
    task_id = penstock.submit("probe.sleep", {"log": str(log), "until": str(gate)})
    wait_until(lambda: bool(lines(log, "start")), what="the handler to start")

    assert penstock.stop(first) == 0
    assert penstock.task(task_id)["status"] == "pending"
    gate.touch()
    penstock.start_worker("probe")
    task = penstock.outcome(task_id)  # which waits for far less than the lease

    assert (task["status"], task["attempts"], task["result"]) == ("success", 1, {"attempt": 1})


def test_tasks_ten_times_longer_than_their_lease_run_once_also_if_one_blocks_the_event_loop(
    install: Install, log: Path
) -> None:
    penstock = install(lease=LONG_LEASE)
    penstock.start_workers(2, "probe")
    seconds = 10 * LONG_LEASE

    tasks = [
        penstock.submit(type_name, {"log": str(log), "seconds": seconds})
        for type_name in ("probe.sleep", "probe.block")
    ]

    for each in tasks:
        task = penstock.outcome(each, timeout=seconds + 30)
        assert (task["status"], task["attempts"]) == ("success", 1)
    assert len(lines(log, "start")) == 2


def test_workers_log_what_they_process(install: Install, log: Path) -> None:
    penstock = install()
    penstock.start_worker("probe")
    task_id = penstock.submit("probe.sleep", {"log": str(log)})
    penstock.outcome(task_id)

    assert f"[Probe Worker] Processing task... probe.sleep {task_id}" in penstock.logs()


def test_a_worker_told_to_serve_an_unknown_queue_says_which_may_be_meant(install: Install) -> None:
    penstock = install()

    assert penstock.start("worker", "--queues", "prob").wait(30) != 0
    assert "no loaded plugin declares a queue 'prob'" in penstock.logs()
    assert "did you mean 'probe'?" in penstock.logs()


def test_a_worker_answers_probes_while_a_handler_blocks_its_event_loop(
    install: Install, log: Path, gate: Path, free_port: int
) -> None:
    penstock = install(lease=LEASE, environment={"PENSTOCK_PROBE_PORT": str(free_port)})
    worker = penstock.start_worker("probe")
    url = f"http://127.0.0.1:{free_port}"
    assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    penstock.submit("probe.block", {"log": str(log), "until": str(gate)})
    wait_until(lambda: bool(lines(log, "start")), what="the handler to start")

    wait_until(
        lambda: httpx.get(f"{url}/readyz", trust_env=False).status_code == 503,
        what="the worker to notice",
    )
    assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    assert "a handler has blocked the event loop" in penstock.logs()
    assert "_block(probe)" in penstock.logs()
    gate.touch()
    assert penstock.stop(worker) == 0
