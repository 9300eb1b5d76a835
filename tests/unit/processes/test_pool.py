# ruff: noqa: ASYNC240  (small files, on a loop that has nothing else to do)
"""Processes are used again, kept apart by plugin, and replaced when they are lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from penstock.processes.pool import ProcessPool
from penstock.testing import Harness
from tests.services.process_life import is_alive
from tests.services.process_tree import children_of
from tests.services.size_limits import LIMITS
from tests.unit.processes import asking_handlers, eating_handlers, ending_handlers, handlers
from tests.unit.processes.conftest import Run, appearance, disappearance
from tests.unit.processes.handlers import Job


async def test_a_handler_runs_in_another_process_which_is_used_again(run: Run) -> None:
    pids = {await run(handlers.pid) for _ in range(3)}

    assert len(pids) == 1
    assert os.getpid() not in pids


async def test_runs_at_once_have_a_process_each_and_no_more_are_started(
    run: Run, tmp_path: Path
) -> None:
    running = [
        asyncio.create_task(run(handlers.pid_when_told, Job(str(tmp_path), f"{number}")))
        for number in range(3)
    ]
    for number in range(3):
        await appearance(tmp_path / f"{number}")
    (tmp_path / "go").touch()
    pids = set(await asyncio.gather(*running))
    later = await asyncio.gather(*(run(handlers.pid) for _ in range(3)))

    assert len(pids) == 3
    assert set(later) == pids


async def test_a_process_serves_one_plugin_and_one_limit_of_memory(run: Run) -> None:
    mine = await run(handlers.pid, plugin="one")

    assert await run(handlers.pid, plugin="other") != mine
    assert await run(eating_handlers.eats, Job(number=1, text="leave"), plugin="one") != mine
    assert await run(handlers.pid, plugin="one") == mine


async def test_a_process_that_died_while_it_was_idle_costs_nothing(run: Run) -> None:
    pid = await run(handlers.pid)
    os.kill(pid, signal.SIGKILL)
    await disappearance(pid)

    assert await run(handlers.pid) != pid


async def test_a_process_that_dies_before_it_begins_costs_nothing(run: Run) -> None:
    pid = await run(handlers.pid)
    os.kill(pid, signal.SIGSTOP)
    running = asyncio.create_task(run(handlers.pid))
    # It was chosen, for it is alive, and does nothing.
    await asyncio.wait({running}, timeout=0.1)
    assert not running.done()

    os.kill(pid, signal.SIGKILL)

    assert await running != pid


@pytest.fixture
async def impatient_pool() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(LIMITS, idle_time=0.05)
    yield pool
    await pool.close()


async def test_a_process_that_has_nothing_to_do_ends(
    impatient_pool: ProcessPool, harness: Harness
) -> None:
    context = harness.begin(handlers.pid).context
    pid = msgspec.json.decode(await impatient_pool.run(handlers.pid, "{}", context, plugin="p"))

    await disappearance(pid)

    again = msgspec.json.decode(await impatient_pool.run(handlers.pid, "{}", context, plugin="p"))
    assert again != pid


async def test_a_closed_pool_leaves_no_process_and_no_file(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = harness.begin(asking_handlers.stores).context  # whose files are elsewhere
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool = ProcessPool(LIMITS)
    pid = msgspec.json.decode(await pool.run(handlers.pid, "{}", context, plugin="p"))
    await pool.run(asking_handlers.stores, '{"text": "file", "number": 1}', context, plugin="p")
    assert list(tmp_path.glob("*/a.bin"))

    await pool.close()

    assert not is_alive(pid)
    assert list(tmp_path.iterdir()) == []


async def test_a_failing_neighbour_is_not_noticed(run: Run, tmp_path: Path) -> None:
    neighbour = asyncio.create_task(run(handlers.pid_when_told, Job(str(tmp_path), "neighbour")))
    await appearance(tmp_path / "neighbour")

    crashes = ["segfault", "abort", "kill", "exit"]
    failed = await asyncio.gather(
        *(run(ending_handlers.ends, each) for each in crashes),
        run(eating_handlers.eats, Job(number=400)),
        return_exceptions=True,
    )

    assert all(isinstance(each, Exception) for each in failed)
    (tmp_path / "go").touch()
    pid = await neighbour
    assert await run(handlers.pid) == pid


async def test_sigterm_and_sigint_are_left_to_the_worker(run: Run, tmp_path: Path) -> None:
    running = asyncio.create_task(run(handlers.pid_when_told, Job(str(tmp_path), "started")))
    await appearance(tmp_path / "started")
    (child,) = _children()
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(child, number)
        os.killpg(child, number)

    (tmp_path / "go").touch()

    assert await running == child


async def test_signals_that_come_while_a_process_starts_do_not_end_it(run: Run) -> None:
    starting = asyncio.create_task(run(handlers.pid))
    async with asyncio.timeout(20):
        while not (children := _children()):  # noqa: ASYNC110  (nothing else tells of it)
            await asyncio.sleep(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(children[0], number)

    assert await starting == children[0]


def _children() -> list[int]:
    """The processes that this one has started, and whose program is a handler's."""
    return [child.pid for child, command in children_of() if "penstock.processes.child" in command]
