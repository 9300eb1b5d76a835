"""Cancelling: a handler ends soon after it is told to, wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from penstock.ledger import Status
from penstock.testing.contract.outputs import plain, shown
from penstock.testing.contract.trial import Trial
from penstock.testing.harness import Harness
from penstock.testing.run import Run

_MOST_PLACES = 4


async def faults(trial: Trial, harness: Harness, *, grace: timedelta) -> Iterator[str]:
    """Where a handler goes on though it is cancelled.

    It is cancelled where it first waits, and then after each of its first words (progress, log
    lines, checkpoints and the like).
    """
    found: list[str] = []
    for words in range(_MOST_PLACES):
        run = harness.start(trial.task_type, trial.inputs[0])
        if not await _reached(run, words):
            await run
            break
        where = _place(run)
        run.cancel("cancelled by the kit")
        with harness.clock.running():
            await asyncio.wait({_task(run)}, timeout=grace.total_seconds())
        if not _task(run).done():
            found.append(
                f"{trial.what} ignores being cancelled: {grace.total_seconds():g} s after it was "
                f"told to stop, {where}, it still runs, {_place(run)}; let asyncio.CancelledError "
                "pass (clean up in 'finally', never 'except' it for good), or raise 'grace' of "
                "the test if its clean-up may take that long"
            )
            break
        if run.status is Status.SUCCESS:
            found.append(
                f"{trial.what} ignores being cancelled: told to stop, {where}, it went on and "
                f"returned {shown(plain(run))}; let asyncio.CancelledError pass: whoever "
                "cancelled the task does not want its output"
            )
            break
    return iter(found)


async def _reached(run: Run[Any], words: int) -> bool:
    """Whether the handler waits for something, after so many words."""
    ended = _task(run)
    while not _is_waiting(run):
        if ended.done():
            return False
        await asyncio.sleep(0)
    for _ in range(words):
        said = asyncio.ensure_future(run.changed.wait())
        await asyncio.wait({said, ended}, return_when=asyncio.FIRST_COMPLETED)
        said.cancel()
    await asyncio.sleep(0)
    return not ended.done() and _is_waiting(run)


def _is_waiting(run: Run[Any]) -> bool:
    return run.delivery is not None and run.delivery.running_in is not None


def _task(run: Run[Any]) -> asyncio.Task[None]:
    if run.task is None:
        raise TypeError(run)
    return run.task


def _place(run: Run[Any]) -> str:
    """The line that the handler waits in."""
    running = run.delivery.running_in if run.delivery is not None else None
    coroutine: Any = running.get_coro() if running is not None else None
    lines = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        coroutine = getattr(coroutine, "cr_await", None)
    own = [each for each in lines if "/penstock/" not in each and "/asyncio/" not in each]
    return f"at {(own or lines)[-1]}" if lines else "somewhere"
