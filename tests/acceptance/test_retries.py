"""What becomes of a task whose handler fails, in each of the ways in which handlers fail."""

from pathlib import Path

from tests.acceptance.conftest import FIRST_WAIT
from tests.services.installation import Installation, wait_until


def runs(log: Path) -> list[tuple[int, float]]:
    """The attempt and the time of each run."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return [(int(line[2]), float(line[3])) for line in lines if line[0] == "start"]


def test_a_task_that_fails_twice_succeeds_at_the_third_attempt_with_growing_waits(
    running: Installation, log: Path
) -> None:
    task = running.outcome(running.submit("probe.flaky", {"log": str(log), "failures": 2}))

    assert (task["status"], task["attempts"], task["result"]) == ("success", 3, {"attempt": 3})
    assert task["error"] is None
    (first, at_first), (second, at_second), (third, at_third) = runs(log)
    assert (first, second, third) == (1, 2, 3)
    assert at_second - at_first >= 0.9 * FIRST_WAIT
    assert at_third - at_second >= 0.9 * 2 * FIRST_WAIT


def test_a_task_that_always_fails_ends_failed_with_its_error(
    running: Installation, log: Path
) -> None:
    before = running.queue_status()["probe"]["failed"]

    task = running.outcome(running.submit("probe.flaky", {"log": str(log), "failures": 9}))

    assert (task["status"], task["attempts"], task["result"]) == ("failed", 3, None)
    assert task["error"] == {
        "code": "handler_error",
        "message": "attempt 3 fails",
        "type": "RuntimeError",
    }
    assert len(runs(log)) == 3
    assert running.queue_status()["probe"]["failed"] == before + 1


def test_a_permanent_error_is_not_tried_again(running: Installation, log: Path) -> None:
    task = running.outcome(running.submit("probe.permanent", {"log": str(log)}))

    assert (task["status"], task["attempts"]) == ("failed", 1)
    assert task["error"]["code"] == "not_a_picture"
    assert len(runs(log)) == 1


def test_a_transient_error_comes_back_when_it_says(running: Installation, log: Path) -> None:
    task = running.outcome(running.submit("probe.transient", {"log": str(log), "seconds": 0.3}))

    assert (task["status"], task["attempts"]) == ("success", 2)
    (_, first), (_, second) = runs(log)
    assert second - first >= 0.3


def test_a_snooze_spends_no_attempt(running: Installation, log: Path) -> None:
    task = running.outcome(running.submit("probe.snooze", {"log": str(log), "seconds": 0.3}))

    assert (task["status"], task["attempts"]) == ("success", 1)
    assert len(runs(log)) == 2


def test_a_run_past_its_timeout_is_cancelled_and_counts_as_a_failed_attempt(
    running: Installation, log: Path
) -> None:
    task = running.outcome(running.submit("probe.slow", {"log": str(log), "seconds": 30}))

    assert (task["status"], task["attempts"]) == ("failed", 3)
    assert task["error"]["code"] == "timeout"
    assert "timeout of 0:00:00.500000" in task["error"]["message"]


def test_a_result_that_cannot_be_stored_fails_the_task_and_says_so(
    running: Installation, log: Path
) -> None:
    task = running.outcome(running.submit("probe.lies", {"log": str(log)}))

    assert (task["status"], task["attempts"]) == ("failed", 1)
    assert task["error"]["code"] == "result_not_storable"


def test_a_handler_that_calls_exit_fails_alone(running: Installation, log: Path) -> None:
    task = running.outcome(running.submit("probe.exits", {"log": str(log)}))

    assert (task["status"], task["error"]["type"]) == ("failed", "SystemExit")
    after = running.outcome(running.submit("probe.sleep", {"log": str(log)}))
    assert after["status"] == "success"


def test_progress_shows_while_the_task_runs(running: Installation, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    task_id = running.submit("probe.progress", {"log": str(gate)})

    wait_until(lambda: running.task(task_id)["progress"] == 40, what="progress")
    task = running.task(task_id)
    assert (task["status"], task["progress_message"]) == ("running", "downloaded")
    gate.touch()
    assert running.outcome(task_id)["progress"] == 100


def test_a_delayed_task_runs_no_earlier_than_asked(running: Installation, log: Path) -> None:
    later = running.submit("probe.sleep", {"log": str(log)}, delay_seconds=60.0)
    wait_until(lambda: running.queue_status()["probe"]["delayed"] == 1, what="it to be delayed")
    task_id = running.submit("probe.sleep", {"log": str(log)}, delay_seconds=0.5)

    task = running.outcome(task_id)
    assert running.task(later)["status"] == "pending"
    assert task["status"] == "success"
    assert task["started_at"] >= task["run_at"]
