"""Reading what handlers and the engine wrote down."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.chaos import engine_log, execution_log
from tests.chaos.evidence import Enqueued, Refused

TASK = UUID(int=5)


def test_a_start_and_its_end_are_one_execution():
    lines = [f"100 7 start {TASK} 1 1 open\n", f"200 7 end {TASK} 1 1 open\n"]
    log = execution_log.read(lines)
    (found,) = log.executions[TASK]
    assert (found.run, found.attempt, found.pid, found.queue) == (1, 1, 7, "open")
    assert (found.started, found.ended, found.how) == (100, 200, "end")
    assert not log.stalls


def test_a_start_without_an_end_is_an_execution_that_was_cut_off():
    executions = execution_log.read([f"100 7 start {TASK} 1 1 open"]).executions
    assert [(each.ended, each.how) for each in executions[TASK]] == [(None, None)]


def test_runs_of_a_task_that_overlap_are_told_apart():
    lines = [
        f"100 7 start {TASK} 1 1 open",
        f"150 8 start {TASK} 2 1 open",
        f"200 7 cancelled:lease_lost {TASK} 1 1 open",
        f"300 8 error {TASK} 2 1 open",
    ]
    executions = execution_log.read(lines).executions
    assert [(each.run, each.ended, each.how) for each in executions[TASK]] == [
        (1, 200, "cancelled:lease_lost"),
        (2, 300, "error"),
    ]


def test_a_stall_ends_when_it_is_noted():
    stalls = execution_log.read(["5000000000 7 stall 1500"]).stalls
    assert [(each.pid, each.began, each.ended) for each in stalls] == [(7, 3500000000, 5000000000)]


def test_steps_are_told_apart_by_their_run():
    lines = [
        f"100 7 start {TASK} 1 1 open",
        f"120 7 step {TASK} 1 1 open 1",
        f"140 8 start {TASK} 2 1 open",
        f"150 8 step {TASK} 2 1 open 2",
    ]
    steps = execution_log.read(lines).steps
    assert [(each.run, each.number, each.at) for each in steps] == [(1, 1, 120), (2, 2, 150)]


@pytest.mark.parametrize(("left", "lowest"), [("-", None), ("1407374883553281", 1407374883553281)])
def test_what_the_engine_did_is_found_in_the_servers_logs(tmp_path: Path, left, lowest):
    head = "12:M 25 Nov 2026 15:39:49.693"
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_text(
        f"{head} * Ready to accept connections tcp\n"
        f"{head} # <lua> chaos claimed open 1795621189123456 {TASK.hex} 7 {left}\n"
        f"{head} # <lua> chaos refused open 1795621189123456 {TASK.hex}\n"
    )
    second.write_text(
        f"{head} # <lua> chaos claimed open 1795621189123455 {TASK.hex} 8 -\n"
        f"{head} # <lua> chaos enqueued open 1795621189123454 {TASK.hex}\n"
        f"{head} # <lua> chaos filled open 1795621189123457 {TASK.hex}\n"
    )
    log = engine_log.read([first, second])
    assert log.refused == [Refused(queue="open", at=1795621189123456000, task_id=TASK)]
    earlier, found = log.claims
    assert (found.queue, found.at, found.task_id) == ("open", 1795621189123456000, TASK)
    assert (found.score, found.lowest_left) == (7.0, lowest)
    assert earlier.score == 8.0
    assert log.enqueued == [
        Enqueued(queue="open", at=1795621189123454000, task_id=TASK),
        Enqueued(queue="open", at=1795621189123457000, task_id=TASK, building=True),
    ]
