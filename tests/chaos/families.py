"""Which tasks that belong together are posted when: parents, and batches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from penstock import Priority
from tests.chaos.workload import TaskSpec

_EACH_PARENT = 4.0
"""Seconds from one parent to the next."""
_MOST_CHILDREN = 6
_BATCHES = 3
_TASKS = 18
_TOGETHER = 12
"""How many more end at about the same time, and after those: several workers see a batch end."""
_PARENTS = ("chaos.parent", "chaos.parent_apart")
_TYPES = {"chaos.quick": 20, "chaos.flaky": 4, "chaos.permanent": 3, "chaos.snooze": 3}


@dataclass(frozen=True, kw_only=True)
class BatchSpec:
    """A batch to be posted ``at`` seconds after the start; its name is its key.

    What is in ``later`` is added to it, and then it is sealed; without that it is from the start.
    """

    at: float
    key: str
    tasks: Sequence[TaskSpec]
    later: Sequence[TaskSpec] = ()


def draw_parents(chance: random.Random, *, seconds: float, lease: float) -> Sequence[TaskSpec]:
    """Parents, whose children come one after the other over about a lease."""
    return [
        TaskSpec(
            at=chance.uniform(0, seconds),
            key=f"parent-{number:02}",
            type=_PARENTS[number % len(_PARENTS)],
            priority=chance.choice(list(Priority)).label,
            user=f"parent-{number % 2}",
            order={
                "children": chance.randint(2, _MOST_CHILDREN),
                "seconds": lease * chance.uniform(0.1, 0.4),
                "failures": chance.randint(0, 1),
            },
        )
        for number in range(int(seconds / _EACH_PARENT))
    ]


def draw_batches(chance: random.Random, *, seconds: float, lease: float) -> Sequence[BatchSpec]:
    """Some batches, every other one of which grows before it is sealed."""
    drawn = []
    for number in range(_BATCHES):
        key = f"batch-{number}"
        tasks = [_task(chance, key, place) for place in range(_TASKS)]
        tasks += [_last(key, _TASKS + place, lease) for place in range(_TOGETHER)]
        parts = _TASKS // 2 if number % 2 else len(tasks)
        drawn.append(
            BatchSpec(
                at=seconds * (number + chance.random()) / _BATCHES,
                key=key,
                tasks=tasks[:parts],
                later=tasks[parts:],
            )
        )
    return drawn


def _last(batch: str, place: int, lease: float) -> TaskSpec:
    return TaskSpec(
        at=0,
        key=f"{batch}:{place}",
        type="chaos.quick",
        priority=Priority.URGENT.label,
        user="batch",
        order={"seconds": lease},
    )


def _task(chance: random.Random, batch: str, place: int) -> TaskSpec:
    (kind,) = chance.choices(list(_TYPES), list(_TYPES.values()))
    return TaskSpec(
        at=0,
        key=f"{batch}:{place}",
        type=kind,
        priority=chance.choice(list(Priority)).label,
        user=f"batch-{chance.randrange(2)}",
        order={"failures": chance.randint(1, 3), "snoozes": 1, "seconds": chance.uniform(0, 0.05)},
    )
