"""A master that dies, and a replica that Sentinels, or the other masters, put in its place."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.evidence import QUEUES, Effect
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


@dataclass(frozen=True, kw_only=True)
class FailOverNode(FailOver):
    """The same in a cluster: SIGKILL of the master that holds a queue, while others go on."""

    kind = "failover of a node"
    only: str

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Its replica takes about two seconds."""
        return cls(seconds=chance.uniform(4, 5), only=chance.choice(list(QUEUES)))

    def begin(self, world: World) -> None:
        """Kill it."""
        world.cluster.holder_of(self.only).kill()

    def end(self, world: World) -> None:
        """Let it come back as a replica."""
        world.cluster.revive()
        world.cluster.settle()
