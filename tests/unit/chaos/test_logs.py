"""Reading what handlers and the engine wrote down."""

from uuid import UUID

import pytest

from tests.chaos.engine_log import read_claims
from tests.chaos.execution_log import read_executions

TASK = UUID(int=5)


def test_a_start_and_its_end_are_one_execution():
    lines = [f"100 7 start {TASK} 1 1 open\n", f"200 7 end {TASK} 1 1 open\n"]
    executions, stalls = read_executions(lines)
    (found,) = executions[TASK]
    assert (found.run, found.attempt, found.pid, found.queue) == (1, 1, 7, "open")
    assert (found.started, found.ended, found.how) == (100, 200, "end")
    assert not stalls


def test_a_start_without_an_end_is_an_execution_that_was_cut_off():
    executions, _ = read_executions([f"100 7 start {TASK} 1 1 open"])
    assert [(each.ended, each.how) for each in executions[TASK]] == [(None, None)]


def test_runs_of_a_task_that_overlap_are_told_apart():
    lines = [
        f"100 7 start {TASK} 1 1 open",
        f"150 8 start {TASK} 2 1 open",
        f"200 7 cancelled:lease_lost {TASK} 1 1 open",
        f"300 8 error {TASK} 2 1 open",
    ]
    executions, _ = read_executions(lines)
    assert [(each.run, each.ended, each.how) for each in executions[TASK]] == [
        (1, 200, "cancelled:lease_lost"),
        (2, 300, "error"),
    ]


def test_a_stall_ends_when_it_is_noted():
    _, stalls = read_executions(["5000000000 7 stall 1500"])
    assert [(each.pid, each.began, each.ended) for each in stalls] == [(7, 3500000000, 5000000000)]


@pytest.mark.parametrize(("left", "lowest"), [("-", None), ("1407374883553281", 1407374883553281)])
def test_a_claim_is_found_in_the_servers_log(left, lowest):
    head = "12:M 25 Nov 2026 15:39:49.693"
    lines = [
        f"{head} * Ready to accept connections tcp",
        f"{head} # <lua> chaos claimed open 1795621189123456 {TASK.hex} 7 {left}\n",
        f"{head} # <lua> chaos refused open 1795621189123456 00",
    ]
    (found,) = read_claims(lines)
    assert (found.queue, found.at, found.task_id) == ("open", 1795621189123456000, TASK)
    assert (found.score, found.lowest_left) == (7.0, lowest)
