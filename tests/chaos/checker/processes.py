"""Processes live until they are told to stop, and stop when they are told."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import SECOND, Life

_START = 10 * SECOND
"""A process that is told to stop before it listens to signals ends by the signal."""
_STOP = 30 * SECOND
"""Within which one that was told to stop has left, whatever is away."""


def processes_live(circumstances: Circumstances) -> Iterator[Finding]:
    """No process ends by itself, whatever happens to the servers; a stopped one exits with 0."""
    poisoned = {
        (each.pid, each.started)
        for row in circumstances.evidence.rows.values()
        if row.type == "chaos.poison"
        for each in circumstances.evidence.executions.get(row.id, ())
    }
    for life in circumstances.evidence.lives:
        if life.ended is None:
            continue
        if life.asked_to_stop is not None and life.ended - life.asked_to_stop > _STOP:
            yield Finding(
                message=f"{life.name} was told to stop, and took longer than {_STOP // SECOND} s",
                proof=[life, *circumstances.around(life.asked_to_stop, life.ended)],
            )
        if life.killed:
            continue
        if any(pid == life.pid and life.started < at < life.ended for pid, at in poisoned):
            continue
        if life.asked_to_stop is None:
            yield Finding(
                message=f"{life.name} ended by itself with {life.exit_code}",
                proof=[life, *circumstances.around(life.ended, life.ended)],
            )
        elif life.exit_code != 0 and _awake(circumstances, life, life.asked_to_stop) > _START:
            yield Finding(
                message=f"{life.name} was told to stop, and exited with {life.exit_code}",
                proof=[life, *circumstances.around(life.asked_to_stop, life.ended)],
            )


def _awake(circumstances: Circumstances, life: Life, until: int) -> int:
    """How long a process has run; it may have stood still since it was started."""
    pauses = circumstances.pauses(life, life.started, until)
    return until - life.started - sum(min(to, until) - since for since, to in pauses)
