"""A fault: something that is broken for a while, and then repaired."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from tests.chaos.evidence import Effect
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much there is to break, and how long a lease is in seconds."""

    workers: int
    apis: int
    lease: float


@dataclass(frozen=True, kw_only=True)
class Fault(ABC):
    """One planned fault. A new one is a subclass in a module here, and a line in ``FAULTS``.

    Args:
        seconds: from its beginning to its end; what takes no time has 0.
    """

    kind: ClassVar[str]
    effects: ClassVar[Effect] = Effect.NONE
    least: ClassVar[int] = 1
    """How often it is in every plan that has room for it."""
    weight: ClassVar[float] = 1.0
    """How often it is drawn for the room that is left, beside the others."""

    seconds: float

    @classmethod
    @abstractmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """One of this kind, by chance."""

    @property
    @abstractmethod
    def touches(self) -> frozenset[str]:
        """What it breaks: two faults that touch the same thing do not overlap."""

    @property
    def queue(self) -> str | None:
        """The only queue that it concerns, if there is one."""
        return None

    @abstractmethod
    def begin(self, world: World) -> None:
        """Break it."""

    def end(self, world: World) -> None:  # noqa: B027  (some are over as soon as they happened)
        """Repair it."""

    @property
    def detail(self) -> str:
        """Which and how much, for people."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return " ".join(
            f"{value:.3g}" + " s" * (name == "seconds") if isinstance(value, float) else str(value)
            for name, value in values.items()
            if value != 0.0
        )
