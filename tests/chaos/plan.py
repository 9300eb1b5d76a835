"""What shall happen when, all of it from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos import families, workload
from tests.chaos.families import BatchSpec
from tests.chaos.faults import Fault, Scale
from tests.chaos.workload import TaskSpec

_CALM = 1.0
"""Seconds of peace at the start: something must be under way to be disturbed."""
_GAP = (0.4, 1.6)
"""Seconds from the beginning of one fault to that of the next."""
_REST = 0.3
"""Seconds that a thing is left alone after a fault of its own."""


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """A fault that begins ``at`` seconds after the start."""

    at: float
    fault: Fault

    @property
    def until(self) -> float:
        """When it ends, in seconds after the start."""
        return self.at + self.fault.seconds

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.fault.kind:24} {self.fault.detail}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole run."""

    seed: int
    faults: Sequence[PlannedFault]
    tasks: Sequence[TaskSpec]
    parents: Sequence[TaskSpec] = ()
    batches: Sequence[BatchSpec] = ()

    @property
    def seconds(self) -> float:
        """When the last fault is over, counted from the start."""
        return max((each.until for each in self.faults), default=_CALM) + _REST

    @classmethod
    def draw(
        cls, seed: int, *, tasks: int, faults: int, kinds: Sequence[type[Fault]], scale: Scale
    ) -> Plan:
        """The plan of a seed; the same one whenever it is asked for."""
        chance = random.Random(f"faults {seed}")
        timetable = _timetable(chance, kinds, faults, scale)
        seconds = max((each.until for each in timetable), default=_CALM)
        return cls(
            seed=seed,
            faults=timetable,
            tasks=workload.draw(
                random.Random(f"tasks {seed}"), tasks, seconds=seconds, lease=scale.lease
            ),
            parents=families.draw_parents(
                random.Random(f"parents {seed}"), seconds=seconds, lease=scale.lease
            ),
            batches=families.draw_batches(
                random.Random(f"batches {seed}"), seconds=seconds, lease=scale.lease
            ),
        )


def _timetable(
    chance: random.Random, kinds: Sequence[type[Fault]], count: int, scale: Scale
) -> Sequence[PlannedFault]:
    # What every plan should have, as far as there is room; then by weight.
    least = [each for each in kinds for _ in range(each.least)]
    drawn = chance.sample(least, min(count, len(least)))
    drawn += chance.choices(kinds, [each.weight for each in kinds], k=count - len(drawn))
    free: dict[str, float] = {}
    at = _CALM
    planned = []
    for kind in drawn:
        fault = kind.draw(chance, scale)
        begin = max(at, *(free.get(each, 0.0) for each in fault.touches))
        for each in fault.touches:
            free[each] = begin + fault.seconds + _REST
        planned.append(PlannedFault(at=begin, fault=fault))
        at += chance.uniform(*_GAP)
    return sorted(planned, key=lambda each: each.at)
