"""When a peer's drain is measured, and when its tasks are lost."""

from typing import Any

import psutil
import pytest

from benchmarks.client import Count, PeerError
from benchmarks.options import Options
from benchmarks.peer import find
from benchmarks.rounds import RoundOfPeer, require_completed


class Fake:
    """Client, worker and services at once: each look finds the next number of finished tasks."""

    processes: Any = {}  # noqa: RUF012

    def __init__(self, *done):
        self._done = iter(done)

    def done(self):
        return next(self._done)

    def check(self):
        pass


class FakeWorkers(Fake):
    processes = [psutil.Process()]  # noqa: RUF012


def drained(*done, tasks):
    client: Any = Fake(*done)
    workers: Any = FakeWorkers()
    measured = RoundOfPeer(find(["penstock"])[0], client, Options(tasks=tasks))
    return measured._drain(client, workers, tasks)


def test_a_drain_is_measured_from_the_first_look_after_the_warm_up():
    # 100 tasks and their warm-up of 10: nothing, the middle of the warm-up, then two looks more.
    tasks, seconds, cpu = drained(0, 4, 30, 70, 110, tasks=100)

    assert tasks == 110 - 30
    assert seconds > 0
    assert set(cpu) == {"worker"}


def test_a_drain_that_was_never_seen_under_way_counts_from_the_last_look_before():
    tasks, _, _ = drained(0, 5, 110, tasks=100)

    assert tasks == 105


@pytest.mark.parametrize(
    ("count", "complaint"),
    [
        (Count(completed=9, failed=0, waiting=0), "1 are lost"),
        (Count(completed=9, failed=1, waiting=0), "1 failed"),
        (Count(completed=9, failed=0, waiting=1), "1 wait"),
    ],
)
def test_a_task_that_is_not_completed_is_an_error(count, complaint):
    with pytest.raises(PeerError, match=complaint):
        require_completed(find(["penstock"])[0], count, 10, whole=True)


def test_a_backlog_that_was_drained_in_part_may_still_wait():
    require_completed(
        find(["penstock"])[0], Count(completed=9, failed=0, waiting=1), 10, whole=False
    )
