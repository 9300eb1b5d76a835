"""Carrying out the faults of a plan, and keeping a record of each."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.chaos.evidence import FaultRecord
from tests.chaos.faults import Fault
from tests.chaos.plan import PlannedFault
from tests.chaos.world import World

_TICK = 0.02


@dataclass(order=True)
class _Event:
    at: float
    number: int
    ends: bool = field(compare=False)
    fault: Fault = field(compare=False)


def carry_out(
    world: World, faults: Sequence[PlannedFault], say: Callable[[str], None]
) -> Sequence[FaultRecord]:
    """Break and repair what the plan says, and keep the fleet up otherwise.

    One thread does it all, the one that lives as long as the run: the kernel stops a server when
    the thread that started it ends.
    """
    events = [_Event(each.at, number, False, each.fault) for number, each in enumerate(faults)]
    heapq.heapify(events)
    began: dict[int, int] = {}
    broken: set[str] = set()
    records: list[FaultRecord] = []
    start = time.monotonic()
    while events:
        world.fleet.tend()
        now = time.monotonic() - start
        if now < events[0].at:
            time.sleep(_TICK)
            continue
        event = heapq.heappop(events)
        fault = event.fault
        if event.ends:
            fault.end(world)
            records.append(_record(fault, began[event.number]))
            broken -= fault.touches
        elif broken & fault.touches:
            # What was before took longer than it was planned to.
            heapq.heappush(events, replace(event, at=now + _TICK))
        else:
            say(f"{now:6.1f} s  {fault.kind} {fault.detail}")
            broken |= fault.touches
            began[event.number] = time.time_ns()
            fault.begin(world)
            until = time.monotonic() - start + fault.seconds
            heapq.heappush(events, _Event(until, event.number, True, fault))
    return records


def _record(fault: Fault, began: int) -> FaultRecord:
    return FaultRecord(
        kind=fault.kind,
        detail=fault.detail,
        effects=fault.effects,
        began=began,
        ended=time.time_ns(),
        queue=fault.queue,
    )
