"""Runs at once: as many as the queue declares, each with the output that it has alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from penstock.testing.contract.advice import BrokenPromiseError
from penstock.testing.contract.outputs import plain, shown
from penstock.testing.contract.trial import Alone, Trial, variants
from penstock.testing.harness import Harness

_PROCESSES = 2
_INPUTS = 2
# Sleeps shorter than this say nothing about who waits for whom.
_SLEEP = 0.1


async def faults(trial: Trial, harness: Harness, *, most: int) -> Iterator[str]:
    """What breaks at the declared concurrency, of which ``most`` runs are tried."""
    number = min(trial.task_type.queue.concurrency, _PROCESSES if trial.is_sync else most)
    if number == 1:
        return iter(())
    alone = await _different(trial, harness)
    chosen = list(islice(cycle(alone), number))
    before = harness.clock.skipped
    runs = [harness.start(trial.task_type, each.input) for each in chosen]
    ended = [await each for each in runs]
    slept = (harness.clock.skipped - before).total_seconds()
    found = []
    where = f"with {number} runs at once (queue {trial.task_type.queue.name!r} declares "
    where += f"concurrency {trial.task_type.queue.concurrency})"
    remedy = (
        "runs share state: keep what belongs to one run in local variables, never in globals, "
        "class attributes or files of a fixed name, or declare concurrency=1"
    )
    wrong = [
        (each, run)
        for each, run in zip(chosen, ended, strict=True)
        if run.error is not None or await trial.differs(harness, each, run)
    ]
    if wrong:
        each, run = wrong[0]
        got = f"it failed: {run.error.message}" if run.error else f"got {shown(plain(run))}"
        found.append(
            f"{trial.what} gave {len(wrong)} wrong outputs {where}: for {shown(each.input)}, "
            f"expected {shown(each.output)} as when it runs alone, {got}; {remedy}"
        )
    sleeps = [each.skipped for each in chosen]
    if min(sleeps) > _SLEEP and slept > sum(sleeps) - min(sleeps) / 2:
        found.append(
            f"{trial.what} runs one at a time {where}: each waits {min(sleeps):.1f} s, and all "
            f"together waited {slept:.1f} s; it holds a lock of its own: leave that to the queue "
            "(concurrency=1), or take it for a shorter while"
        )
    return iter(found)


async def stall(trial: Trial, harness: Harness) -> float:
    """Seconds for which the handler lets nobody else on the event loop, when it is warm."""
    await harness.start(trial.task_type, trial.inputs[0])
    harness.clock.longest_stall = 0
    await harness.start(trial.task_type, trial.inputs[0])
    return harness.clock.longest_stall


async def _different(trial: Trial, harness: Harness) -> Sequence[Alone]:
    """Inputs with different outputs, if there are any: equal ones would hide a mix-up."""
    tried = 1 if trial.is_sync else _INPUTS
    found = [await trial.alone(harness, each) for each in trial.inputs[:tried]]
    if len(found) > 1 or trial.is_sync:
        return found
    for value in variants(trial.task_type, trial.inputs[0]):
        try:
            other = await trial.alone(harness, value)
        except BrokenPromiseError:
            continue
        if other.output != found[0].output:
            return [*found, other]
    return found
