"""A master that dies, and a replica that the Sentinels put in its place."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.evidence import Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class FailOver(Fault):
    """SIGKILL of the master. What it had not replicated yet is lost, with the epoch intact."""

    kind = "failover"
    effects = Effect.REWOUND | Effect.REDIS_AWAY | Effect.REDIS_CUT | Effect.REDIS_CHANGED
    weight = 6.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """The Sentinels take about three seconds."""
        return cls(seconds=chance.uniform(4, 5))

    @property
    def touches(self) -> frozenset[str]:
        """Redis, whoever it is."""
        return frozenset({"redis"})

    def begin(self, world: World) -> None:
        """Kill it."""
        world.sentinels.kill_master()

    def end(self, world: World) -> None:
        """Let it come back as a replica."""
        world.sentinels.revive()
        world.sentinels.settle()
