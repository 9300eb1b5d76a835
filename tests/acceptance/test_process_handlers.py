"""``def`` handlers: killed, out of memory or crashed, each alone; or handed over at a shutdown."""

import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import Install
from tests.services.forked_process import ForkedProcess
from tests.services.installation import Installation, wait_until
from tests.services.process_life import is_alive, parent_of


def notes(log: Path, what: str, name: str = "") -> list[int]:
    """The processes in which the handlers wrote ``what``."""
    if not log.exists():
        return []
    lines = [line.split() for line in log.read_text().splitlines()]
    return [int(line[4]) for line in lines if line[0] == what and name in {"", line[1]}]


def started(log: Path, name: str = "") -> int:
    """Wait for the handler to start; returns its process."""
    wait_until(lambda: bool(notes(log, "start", name)), what="the handler to start")
    return notes(log, "start", name)[-1]


@pytest.fixture
def penstock(install: Install) -> Installation:
    return install(lease=1.0, drain=0.3)


@pytest.fixture
def worker(penstock: Installation) -> ForkedProcess:
    return penstock.start_worker("probe")


def test_a_def_handler_runs_in_a_process_of_its_own_and_reports_from_there(
    penstock: Installation, worker: ForkedProcess, log: Path, gate: Path
) -> None:
    task_id = penstock.submit("probe.process", {"log": str(log), "until": str(gate)})
    wait_until(lambda: penstock.task(task_id)["progress"] == 40, what="progress")
    assert penstock.task(task_id)["progress_message"] == "waiting"

    gate.touch()
    task = penstock.outcome(task_id)

    assert (task["status"], task["result"]) == ("success", {"attempt": 1})
    (pid,) = notes(log, "end")
    assert pid != worker.pid
    (line,) = [each for each in penstock.logs().splitlines() if "waits in a process" in each]
    assert task_id in line
    assert "penstock.task" in line


@pytest.mark.parametrize(
    ("type_name", "code", "words"),
    [
        ("probe.segfault", "process_crashed", "SIGSEGV"),
        ("probe.eat", "memory_limit", "more memory than the 256 MiB (max_memory)"),
    ],
)
def test_a_handler_that_crashes_or_eats_the_memory_fails_alone(
    penstock: Installation,
    worker: ForkedProcess,
    log: Path,
    gate: Path,
    type_name: str,
    code: str,
    words: str,
) -> None:
    order = {"log": str(log), "name": "n", "until": str(gate)}
    neighbour = penstock.submit("probe.process", order)
    loop_neighbour = started(log, "n")

    task = penstock.outcome(penstock.submit(type_name, {"log": str(log)}))

    assert (task["status"], task["error"]["code"]) == ("failed", code)
    assert words in task["error"]["message"]
    assert notes(log, "end") == []
    gate.touch()
    ended = penstock.outcome(neighbour)
    assert (ended["status"], ended["attempts"], ended["result"]) == ("success", 1, {"attempt": 1})
    assert notes(log, "end") == [loop_neighbour]
    assert worker.poll() is None
    after = penstock.outcome(penstock.submit("probe.sleep", {"log": str(log), "name": "after"}))
    assert after["status"] == "success"
    assert notes(log, "end", "after") == [worker.pid]


def test_a_handler_past_its_time_limit_is_killed_whatever_it_does(
    penstock: Installation, worker: ForkedProcess, log: Path
) -> None:
    task = penstock.outcome(penstock.submit("probe.spin", {"log": str(log)}))

    assert (task["status"], task["error"]["code"]) == ("failed", "timeout")
    assert "timeout of 0:00:02" in task["error"]["message"]
    assert not is_alive(started(log))
    assert worker.poll() is None


def test_a_time_limit_holds_although_the_event_loop_is_blocked(
    penstock: Installation, worker: ForkedProcess, log: Path, gate: Path
) -> None:
    spinning = penstock.submit("probe.spin", {"log": str(log), "name": "spin"})
    pid = started(log, "spin")
    # At once: the loop is blocked before it could stop the other one by itself.
    order = {"log": str(log), "name": "block", "until": str(gate)}
    blocking = penstock.submit("probe.block", order)
    started(log, "block")

    wait_until(lambda: not is_alive(pid), what="the process to be killed")
    assert notes(log, "end", "block") == []

    gate.touch()
    task = penstock.outcome(spinning)
    assert (task["status"], task["error"]["code"]) == ("failed", "timeout")
    assert penstock.outcome(blocking)["status"] == "success"


def test_a_run_that_is_handed_back_at_shutdown_goes_on_from_its_checkpoint_elsewhere(
    penstock: Installation, worker: ForkedProcess, log: Path
) -> None:
    task_id = penstock.submit("probe.resume", {"log": str(log), "seconds": 60})
    pid = started(log)

    assert penstock.stop(worker) == 0
    assert not is_alive(pid)
    assert penstock.task(task_id)["status"] == "pending"
    penstock.start_worker("probe")
    task = penstock.outcome(task_id)

    assert (task["status"], task["attempts"], task["result"]) == ("success", 1, {"attempt": 100})
    assert len(notes(log, "start")) == 1


def test_a_shutdown_waits_for_what_ends_in_time_and_hands_the_rest_over_at_once(
    install: Install, log: Path, gate: Path
) -> None:
    # With a lease this long, whoever waited for it to run out would be found out.
    penstock = install(lease=120, drain=5)
    first = penstock.start_worker("probe")
    short = penstock.submit("probe.sleep", {"log": str(log), "name": "short", "until": str(gate)})
    long = penstock.submit("probe.resume", {"log": str(log), "name": "long", "seconds": 300})
    for name in ("short", "long"):
        started(log, name)
    second = penstock.start_worker("probe")

    first.terminate()
    wait_until(lambda: "stopping" in penstock.log_of(first), what="the worker to hear of it")
    gate.touch()
    assert first.wait(60) == 0
    task = penstock.outcome(long)

    assert (task["status"], task["attempts"], task["result"]) == ("success", 1, {"attempt": 100})
    assert penstock.task(short)["status"] == "success"
    assert len(notes(log, "start", "short")) == 1
    assert second.poll() is None


def test_a_service_manager_that_signals_all_processes_stops_the_worker_as_any_other(
    penstock: Installation, worker: ForkedProcess, log: Path
) -> None:
    task_id = penstock.submit("probe.resume", {"log": str(log), "seconds": 60})
    pid = started(log)

    os.kill(pid, 15)
    assert penstock.stop(worker) == 0
    penstock.start_worker("probe")

    assert penstock.outcome(task_id)["result"] == {"attempt": 100}


def test_the_processes_of_a_killed_worker_die_with_it_and_their_tasks_run_elsewhere(
    penstock: Installation, log: Path, gate: Path
) -> None:
    workers = penstock.start_workers(2, "probe")
    task_id = penstock.submit("probe.process", {"log": str(log), "until": str(gate)})
    pid = started(log)

    next(worker for worker in workers if worker.pid == parent_of(pid)).kill()
    wait_until(lambda: not is_alive(pid), what="the process to die")
    gate.touch()
    task = penstock.outcome(task_id)

    assert (task["status"], task["attempts"]) == ("success", 1)
    assert len(notes(log, "start")) == 2
