"""Which tasks are posted when."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from penstock import Priority
from tests.chaos.operations import Cancel, Operation, Retry

_USERS = 5
_BURST = 40
"""How many tasks come at once, if they do."""
_BURSTS = 0.02
# As many as a task has attempts, so that some use up all of them.
_MOST_FAILURES = 3
_Chances = Mapping[tuple[type[Operation], ...], float]


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A task to be posted ``at`` seconds after the start; ``order`` is its input without key."""

    at: float
    key: str
    type: str
    priority: str
    user: str
    delay: float = 0.0
    order: Mapping[str, float] = field(default_factory=dict)
    operations: Sequence[Operation] = ()
    """What is asked for once it is accepted, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Tasks of one sort.

    What takes long comes so often a second, however many tasks there are: the workers shall be
    busy, and not fall behind. The others share the rest.
    """

    type: str
    draw: Callable[[random.Random, float], Mapping[str, float]]
    """From the source of chance and the lease to the input."""
    each: float = 0.0
    """Seconds from one to the next; 0 for those that share the rest."""
    share: float = 0.0
    delay: float = 0.0
    """The longest."""
    operations: _Chances = field(default_factory=dict)
    """How likely it is that these are asked for of one of them."""


def _seconds(least: float, most: float) -> Callable[[random.Random, float], Mapping[str, float]]:
    """A time in leases."""
    return lambda chance, lease: {"seconds": lease * chance.uniform(least, most)}


def _flaky(chance: random.Random, _: float) -> Mapping[str, float]:
    return {"failures": chance.randint(1, _MOST_FAILURES)}


def _snooze(chance: random.Random, lease: float) -> Mapping[str, float]:
    return {"snoozes": chance.randint(1, 2), "seconds": lease * chance.uniform(0.1, 0.5)}


def _steps(chance: random.Random, lease: float) -> Mapping[str, float]:
    return {
        "steps": chance.randint(2, 8),
        "seconds": lease * chance.uniform(0.05, 0.3),
        "failures": chance.randint(0, 1),
    }


def _crash(chance: random.Random, _: float) -> Mapping[str, float]:
    return {"failures": chance.randint(1, _MOST_FAILURES), "seconds": chance.uniform(0, 0.2)}


_RARELY: _Chances = {(Cancel,): 0.04, (Cancel, Retry): 0.04}
_OFTEN: _Chances = {(Cancel,): 0.15, (Cancel, Retry): 0.15}
_RETRY: _Chances = {(Retry,): 0.2, (Retry, Cancel): 0.1, (Retry, Cancel, Retry): 0.1}

KINDS = (
    Kind(type="chaos.poison", each=30, draw=lambda _, __: {}),
    Kind(type="chaos.block", each=5, draw=_seconds(1.2, 1.8), operations=_OFTEN),
    Kind(type="chaos.long", each=0.5, draw=_seconds(1.5, 3), operations=_OFTEN),
    Kind(type="chaos.narrow", each=0.35, draw=_seconds(0.1, 1.2), operations=_OFTEN),
    Kind(type="chaos.new", each=2, draw=_seconds(0, 0.05), operations=_OFTEN),
    Kind(type="chaos.steps", each=2, draw=_steps, operations=_OFTEN),
    Kind(type="chaos.apart", each=2, draw=_seconds(0, 1.8), operations=_OFTEN),
    Kind(type="chaos.steps_apart", each=4, draw=_steps, operations=_OFTEN),
    Kind(type="chaos.crash", each=6, draw=_crash, operations=_RETRY),
    Kind(type="chaos.quick", share=60, draw=_seconds(0, 0.02), operations=_RARELY),
    Kind(type="chaos.quick", share=6, draw=_seconds(0, 0.02), delay=3.0, operations=_OFTEN),
    Kind(type="chaos.rated", share=9, draw=_seconds(0, 0.05), operations=_RARELY),
    Kind(type="chaos.flaky", share=8, draw=_flaky, operations={**_RARELY, **_RETRY}),
    Kind(type="chaos.snooze", share=4, draw=_snooze, operations=_OFTEN),
    Kind(type="chaos.permanent", share=3, draw=_seconds(0, 0.05), operations=_RETRY),
)


def draw(chance: random.Random, count: int, *, seconds: float, lease: float) -> Sequence[TaskSpec]:
    """``count`` tasks over ``seconds``: some alone, some in bursts that make a line."""
    slow = [each for each in KINDS if each.each for _ in range(math.ceil(seconds / each.each))]
    chance.shuffle(slow)
    quick = [each for each in KINDS if each.share]
    rest = max(0, count - len(slow))
    kinds = slow[:count] + chance.choices(quick, [each.share for each in quick], k=rest)
    chance.shuffle(kinds)
    drawn: list[tuple[float, Kind]] = []
    while kinds:
        at = chance.uniform(0, seconds)
        together = min(len(kinds), _BURST if chance.random() < _BURSTS else 1)
        drawn += [(at, kinds.pop()) for _ in range(together)]
    drawn.sort(key=lambda each: each[0])
    return [
        _spec(chance, kind, at=at, key=f"{number:05}", lease=lease)
        for number, (at, kind) in enumerate(drawn)
    ]


def _spec(chance: random.Random, kind: Kind, *, at: float, key: str, lease: float) -> TaskSpec:
    return TaskSpec(
        at=at,
        key=key,
        type=kind.type,
        priority=chance.choice(list(Priority)).label,
        user=f"user-{chance.randrange(_USERS)}",
        delay=chance.uniform(0, kind.delay),
        order=kind.draw(chance, lease),
        operations=_operations(chance, kind, lease),
    )


def _operations(chance: random.Random, kind: Kind, lease: float) -> Sequence[Operation]:
    (drawn,) = chance.choices(
        [*kind.operations, ()], [*kind.operations.values(), 1 - sum(kind.operations.values())]
    )
    return [each.draw(chance, lease) for each in drawn]
