# ruff: noqa: ASYNC240  (small files, on a loop that has nothing else to do)
"""Handlers that are stopped: they are told, may clean up, and are gone within a second."""

import asyncio
import select
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.processes.child_process import ChildProcess
from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock.processes.size_limits import SizeLimits
from penstock.testing import BegunRun, Harness
from tests.services.process_life import is_alive
from tests.services.standstill import STANDSTILL
from tests.unit.processes import handlers, stopping_handlers
from tests.unit.processes.conftest import Run, appearance, disappearance
from tests.unit.processes.handlers import Job

IN_TIME = 1.0 + STANDSTILL  # seconds


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who clean up are given time for it."""
    monkeypatch.setattr("penstock.processes.pool.GRACE", 30.0)


async def started(
    run: Run, begun: BegunRun[Any], folder: Path, how: str
) -> tuple[asyncio.Task[Any], list[str]]:
    """What runs, and what the handler said of itself."""
    running = asyncio.create_task(run(begun.task_type, Job(str(folder), how), begun))
    return running, (await appearance(folder / "started")).split()


async def interrupt(
    running: asyncio.Task[Any], begun: BegunRun[Any], reason: str | None = "by ada"
) -> float:
    """Stop it, as a receiver does; returns the seconds until it has ended."""
    if reason is not None:
        begun.cancel(reason)
    began = time.monotonic()
    running.cancel()
    await asyncio.wait({running})
    return time.monotonic() - began


@pytest.mark.parametrize("how", list(stopping_handlers._WAYS))
async def test_a_handler_is_told_why_and_cleans_up(
    run: Run, harness: Harness, tmp_path: Path, patience: None, how: str
) -> None:
    begun = harness.begin(stopping_handlers.waits)
    running, (pid,) = await started(run, begun, tmp_path, how)

    assert await interrupt(running, begun) < IN_TIME

    with pytest.raises(HandlerError, match="by ada") as caught:
        await running
    assert caught.value.report.type_name.endswith("TaskInterrupted")
    assert "stopping_handlers.py" in caught.value.report.traceback
    assert {"saved", "cleaned"} <= {each.name for each in tmp_path.iterdir()}
    assert begun.checkpoints["why"] == ["cancelled", "by ada", True]
    assert not is_alive(int(pid))
    assert await run(handlers.pid) != int(pid)


@pytest.mark.parametrize("how", ["gil", "swallow", "handler"])
async def test_a_handler_that_does_not_stop_is_killed_with_all_that_it_left(
    run: Run, harness: Harness, tmp_path: Path, how: str
) -> None:
    begun = harness.begin(stopping_handlers.holds_out)
    running, (pid, left, folder) = await started(run, begun, tmp_path, how)
    assert list(Path(folder).glob("*/left"))

    assert await interrupt(running, begun) < IN_TIME

    with pytest.raises(HandlerError, match="was killed, as its handler did not stop") as caught:
        await running
    assert caught.value.report.code == "process_crashed"
    assert not is_alive(int(pid))
    await disappearance(int(left))
    assert not Path(folder).exists()
    assert await run(handlers.pid) != int(pid)


async def test_what_is_returned_after_the_interruption_counts_for_nothing(
    run: Run, harness: Harness, tmp_path: Path, patience: None
) -> None:
    begun = harness.begin(stopping_handlers.returns_all_the_same)
    running, (pid,) = await started(run, begun, tmp_path, "")

    await interrupt(running, begun)

    with pytest.raises(HandlerError, match="by ada") as caught:
        await running
    assert caught.value.report.type_name.endswith("TaskInterrupted")
    assert not is_alive(int(pid))


async def test_what_was_returned_before_the_interruption_came_stands(
    run: Run, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[ChildProcess] = []
    start = ChildProcess.start

    async def start_and_keep(limits: SizeLimits) -> ChildProcess:
        processes.append(await start(limits))
        return processes[-1]

    monkeypatch.setattr(ChildProcess, "start", start_and_keep)
    begun, has_started = harness.begin(handlers.pid_when_told), asyncio.Event()
    job = Job(str(tmp_path), "started")
    running = asyncio.create_task(run(handlers.pid_when_told, job, begun, on_start=has_started.set))
    await has_started.wait()
    # The event loop hears of the end and of the interruption at once.
    (tmp_path / "go").touch()
    select.select([processes[0]._writer.get_extra_info("socket")], [], [], 60)
    await interrupt(running, begun)

    pid = await running
    assert not is_alive(pid)


async def test_it_does_not_matter_how_often_it_is_stopped(
    run: Run, harness: Harness, tmp_path: Path
) -> None:
    begun = harness.begin(stopping_handlers.holds_out)
    running, (pid, *_) = await started(run, begun, tmp_path, "swallow")
    begun.cancel("by ada")
    for _ in range(5):
        running.cancel()
        await asyncio.sleep(0)
        assert not running.done()

    async with asyncio.timeout(IN_TIME):
        await asyncio.wait({running})

    assert isinstance(running.exception(), HandlerError)
    assert not is_alive(int(pid))


async def test_a_cancellation_without_a_reason_stays_one(
    run: Run, harness: Harness, tmp_path: Path, patience: None
) -> None:
    begun = harness.begin(stopping_handlers.waits)
    running, (pid,) = await started(run, begun, tmp_path, "sleep")

    assert await interrupt(running, begun, None) < IN_TIME

    assert running.cancelled()
    assert (tmp_path / "cleaned").exists()
    assert not is_alive(int(pid))


async def test_a_run_that_is_stopped_while_its_process_starts_is_not_begun(
    pool: ProcessPool, harness: Harness, tmp_path: Path
) -> None:
    for pause in (0, 0.001, 0.02, 0.05, 0.1):
        begun = harness.begin(stopping_handlers.waits)
        text = msgspec.json.encode(Job(str(tmp_path), "sleep")).decode()
        running = asyncio.create_task(
            pool.run(stopping_handlers.waits, text, begun.context, plugin=f"{pause}")
        )
        await asyncio.wait({running}, timeout=pause)
        if running.done() or (tmp_path / "started").exists():
            break  # this machine is quick

        assert await interrupt(running, begun) < IN_TIME

        assert running.cancelled() or running.exception() is not None
        assert not (tmp_path / "started").exists() or (tmp_path / "cleaned").exists()
