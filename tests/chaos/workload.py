"""Which tasks are posted when."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from penstock import Priority

_USERS = 5
_BURST = 40
_BURSTS = 0.02
# Less than the plugin declares, so that tasks of the last attempt fail too.
_MOST_FAILURES = 3
_TASKS_PER_POISON = 2000


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


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Tasks of one sort. ``share`` is their part of all that are drawn."""

    type: str
    share: float
    draw: Callable[[random.Random, float], Mapping[str, float]]
    """From the source of chance and the lease to the input."""
    delay: float = 0.0
    """The longest."""


def _seconds(least: float, most: float) -> Callable[[random.Random, float], Mapping[str, float]]:
    """A time in leases."""
    return lambda chance, lease: {"seconds": lease * chance.uniform(least, most)}


def _flaky(chance: random.Random, _: float) -> Mapping[str, float]:
    return {"failures": chance.randint(1, _MOST_FAILURES)}


def _snooze(chance: random.Random, lease: float) -> Mapping[str, float]:
    return {"snoozes": chance.randint(1, 2), "seconds": lease * chance.uniform(0.1, 0.5)}


KINDS = (
    Kind(type="chaos.quick", share=60, draw=_seconds(0, 0.02)),
    Kind(type="chaos.quick", share=6, draw=_seconds(0, 0.02), delay=3.0),
    Kind(type="chaos.rated", share=9, draw=_seconds(0, 0.05)),
    Kind(type="chaos.flaky", share=8, draw=_flaky),
    Kind(type="chaos.snooze", share=4, draw=_snooze),
    Kind(type="chaos.permanent", share=3, draw=_seconds(0, 0.05)),
    Kind(type="chaos.narrow", share=4, draw=_seconds(0.1, 1.2)),
    Kind(type="chaos.long", share=3, draw=_seconds(1.5, 4)),
    Kind(type="chaos.new", share=1, draw=_seconds(0, 0.05)),
    Kind(type="chaos.block", share=0.7, draw=_seconds(1.2, 1.8)),
)
POISON = Kind(type="chaos.poison", share=0, draw=lambda _, __: {})


def draw(chance: random.Random, count: int, *, seconds: float, lease: float) -> Sequence[TaskSpec]:
    """``count`` tasks over ``seconds``: some alone, some in bursts that make a line."""
    poison = -(-count // _TASKS_PER_POISON)
    kinds = chance.choices(KINDS, [each.share for each in KINDS], k=count - poison)
    # Not at the end: each takes down three workers, one after the other.
    specs = [_spec(chance, POISON, chance.uniform(0, seconds / 2), lease) for _ in range(poison)]
    while kinds:
        at = chance.uniform(0, seconds)
        together = min(len(kinds), _BURST if chance.random() < _BURSTS else 1)
        specs += [_spec(chance, kinds.pop(), at, lease) for _ in range(together)]
    specs.sort(key=lambda each: each[0])
    return [make(f"{number:05}") for number, (_, make) in enumerate(specs)]


def _spec(
    chance: random.Random, kind: Kind, at: float, lease: float
) -> tuple[float, Callable[[str], TaskSpec]]:
    priority = chance.choice(list(Priority)).label
    user = f"user-{chance.randrange(_USERS)}"
    delay = chance.uniform(0, kind.delay)
    order = kind.draw(chance, lease)
    return at, lambda key: TaskSpec(
        at=at, key=key, type=kind.type, priority=priority, user=user, delay=delay, order=order
    )
