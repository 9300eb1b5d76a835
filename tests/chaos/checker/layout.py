"""A queue that a newer version took over."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import SECOND, Effect

_MARGIN = SECOND // 10
"""The record of a fault begins before the fault does."""


def newer_layouts_are_left_alone(circumstances: Circumstances) -> Iterator[Finding]:
    """While a queue's keys are of a newer layout, nobody takes tasks from it."""
    for fault in circumstances.evidence.faults:
        if not fault.effects & Effect.NEWER_LAYOUT:
            continue
        for each in circumstances.evidence.claims:
            within = fault.began + _MARGIN < each.at < fault.ended - _MARGIN
            if each.queue == fault.queue and within:
                yield Finding(
                    message=f"task {each.task_id} was handed out by a process too old for it",
                    proof=[each, fault],
                )
