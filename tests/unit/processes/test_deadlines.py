"""Time limits hold even while the event loop is blocked."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.processes.conversation import OverdueError
from penstock.processes.deadlines import Deadlines
from penstock.processes.pool import ProcessPool
from tests.services.process_life import is_alive
from tests.unit.processes import handlers, stopping_handlers
from tests.unit.processes.conftest import Run
from tests.unit.processes.handlers import Job


@pytest.fixture
def enforcing(pool: ProcessPool) -> Iterator[None]:
    """A thread that does what a worker's heartbeat does."""
    stop = threading.Event()

    def enforce() -> None:
        while not stop.is_set():
            pool.deadlines.changed.wait(pool.deadlines.next_in())
            pool.deadlines.changed.clear()
            pool.deadlines.enforce()

    thread = threading.Thread(target=enforce)
    thread.start()
    yield
    stop.set()
    pool.deadlines.changed.set()
    thread.join()


async def test_a_process_past_its_deadline_is_killed_though_the_event_loop_is_blocked(
    run: Run, tmp_path: Path, enforcing: None
) -> None:
    killed: list[bool] = []

    def block() -> None:
        """Keep the event loop from whatever it would do, until the process is dead."""
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        pid = int((tmp_path / "started").read_text())
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.append(not is_alive(pid))

    with pytest.raises(OverdueError):
        await run(stopping_handlers.limited, Job(str(tmp_path)), on_start=block)

    assert killed == [True]
    assert await run(handlers.pid)


async def test_a_run_that_is_over_has_no_deadline(run: Run, pool: ProcessPool) -> None:
    seen: list[float | None] = []

    await run(stopping_handlers.quick, on_start=lambda: seen.append(pool.deadlines.next_in()))

    assert seen[0] is not None
    assert 30 < seen[0] < 62
    assert pool.deadlines.next_in() is None


def test_what_is_overdue_is_killed_once_and_the_rest_waits() -> None:
    deadlines = Deadlines()
    killed: list[str] = []
    soon, late, removed = (
        lambda: killed.append("soon"),
        lambda: killed.append("late"),
        lambda: killed.append("removed"),
    )
    assert deadlines.next_in() is None

    deadlines.add(late, 60)
    assert deadlines.changed.is_set()
    deadlines.changed.clear()
    deadlines.add(removed, 61)
    assert not deadlines.changed.is_set()
    deadlines.add(soon, 0)
    assert deadlines.changed.is_set()
    deadlines.remove(removed)
    assert deadlines.next_in() == 0
    deadlines.enforce()
    deadlines.enforce()

    assert killed == ["soon"]
    left = deadlines.next_in()
    assert left is not None
    assert 30 < left <= 60
