"""Cancelling tasks, and running them again, in a whole installation."""

import re
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Install
from tests.services.installation import Installation, wait_until
from tests.services.process_life import is_alive

THRICE = ("first", "second", "third")
"""A machine that stands still for a moment does not do so each time."""


@pytest.fixture
def penstock(install: Install) -> Installation:
    return install()


def wait_until_started(log: Path, name: str) -> int:
    """Wait for the handler to start; returns its process."""
    started = re.compile(rf"^start {name} .* (\d+)$", re.MULTILINE)
    wait_until(
        lambda: log.exists() and started.search(log.read_text()) is not None,
        what="the handler to start",
    )
    found = started.search(log.read_text())
    assert found is not None
    return int(found[1])


ACCEPTED = {200, 202}
"""Of a task that runs: its worker may have stopped it before the API looks again, or not."""


def cancel(penstock: Installation, task_id: str, reason: str) -> httpx.Response:
    url = f"/api/queues/tasks/{task_id}/cancel"
    return penstock.client.post(url, json={"reason": reason})


def test_a_waiting_task_is_cancelled_at_once_and_never_runs(
    penstock: Installation, log: Path
) -> None:
    waiting = penstock.submit("probe.sleep", {"log": str(log)})
    delayed = penstock.submit("probe.sleep", {"log": str(log)}, delay_seconds=60)

    for task_id in (waiting, delayed):
        answer = cancel(penstock, task_id, "changed my mind")
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, "cancelled")

    penstock.start_worker("probe")
    other = penstock.submit("probe.sleep", {"log": str(log)})
    assert penstock.outcome(other)["status"] == "success"
    assert penstock.task(waiting)["error"] == {
        "code": "cancelled",
        "message": "cancelled by api-key: changed my mind",
        "type": "",
    }
    assert log.read_text().count("start") == 1
    status = penstock.queue_status()["probe"]
    assert (status["cancelled"], status["waiting"], status["delayed"]) == (2, 0, 0)


def test_a_running_task_is_stopped_within_a_second_and_its_handler_is_told_why(
    penstock: Installation, log: Path
) -> None:
    penstock.start_workers(2, "probe")

    def seconds_to_cancel(name: str) -> float:
        probe = {"log": str(log), "name": name, "seconds": 60}
        task_id = penstock.submit("probe.patient", probe)
        wait_until_started(log, name)
        asked = time.monotonic()
        assert cancel(penstock, task_id, "no longer needed").status_code in ACCEPTED
        task = penstock.outcome(task_id)
        seconds = time.monotonic() - asked
        assert (task["status"], task["attempts"]) == ("cancelled", 1)
        assert task["error"]["message"] == "cancelled by api-key: no longer needed"
        return seconds

    assert min(map(seconds_to_cancel, THRICE)) < 1
    told = [line for line in log.read_text().splitlines() if not line.startswith("start")]
    assert len(told) == 3
    assert all(
        line.startswith("cancelled: cancelled by api-key: no longer needed ->") for line in told
    )
    wait_until(
        lambda: penstock.queue_status()["probe"]["active"] == 0, what="its lease to be settled"
    )


def test_a_busy_loop_in_a_process_is_stopped_within_a_second(
    penstock: Installation, log: Path
) -> None:
    worker = penstock.start_worker("probe", PENSTOCK_TASK_PROBE_SPIN_TIMEOUT="1m")

    def seconds_to_cancel(name: str) -> float:
        task_id = penstock.submit("probe.spin", {"log": str(log), "name": name})
        pid = wait_until_started(log, name)
        asked = time.monotonic()
        assert cancel(penstock, task_id, "enough").status_code in ACCEPTED
        task = penstock.outcome(task_id)
        seconds = time.monotonic() - asked
        assert (task["status"], task["error"]["message"]) == (
            "cancelled",
            "cancelled by api-key: enough",
        )
        assert not is_alive(pid)
        return seconds

    assert min(map(seconds_to_cancel, THRICE)) < 1
    assert worker.poll() is None


def test_a_cancelled_task_runs_again_when_it_is_asked_to(penstock: Installation, log: Path) -> None:
    task_id = penstock.submit("probe.sleep", {"log": str(log)})
    cancel(penstock, task_id, "by mistake")

    assert penstock.client.post(f"/api/queues/tasks/{task_id}/retry").status_code == 202
    penstock.start_worker("probe")
    task = penstock.outcome(task_id)

    assert (task["status"], task["attempts"], task["error"]) == ("success", 1, None)
    answer = penstock.client.post(f"/api/queues/tasks/{task_id}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/task-status-conflict")


def test_a_failed_task_gets_all_its_attempts_again_at_once(
    penstock: Installation, log: Path
) -> None:
    penstock.start_worker("probe")
    task_id = penstock.submit("probe.permanent", {"log": str(log)})
    assert penstock.outcome(task_id)["status"] == "failed"

    # Again and again, as quickly as it fails: its lease may not be settled yet.
    for _ in range(5):
        penstock.client.post(f"/api/queues/tasks/{task_id}/retry").raise_for_status()
        task = penstock.outcome(task_id)
        assert (task["status"], task["attempts"]) == ("failed", 1)

    assert log.read_text().count("start") == 6


def test_a_task_that_an_older_worker_does_not_know_is_left_to_a_newer_one(
    penstock: Installation, log: Path
) -> None:
    penstock.start_worker("probe", PROBE_LACKS="probe.sleep")
    tasks = [penstock.submit("probe.sleep", {"log": str(log)}) for _ in range(5)]
    wait_until(lambda: penstock.queue_status()["probe"]["parked"] == 5, what="all to be parked")
    status = penstock.queue_status()["probe"]
    assert (status["active"], status["waiting"], status["failed"]) == (0, 0, 0)
    known = penstock.submit("probe.flaky", {"log": str(log)})
    assert penstock.outcome(known)["status"] == "success"

    penstock.start_worker("probe")

    for task_id in tasks:
        task = penstock.outcome(task_id)
        assert (task["status"], task["attempts"]) == ("success", 1)
    assert penstock.queue_status()["probe"]["parked"] == 0
