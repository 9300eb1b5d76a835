"""The process that leads, whichever it is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class KillLeader(Fault):
    """SIGKILL of whoever audits: nobody does until its term is over."""

    kind = "kill leader"
    away: float
    """Seconds until another process takes its place."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """For a while."""
        return cls(seconds=0.0, away=chance.uniform(0.2, scale.lease))

    @property
    def touches(self) -> frozenset[str]:
        """The database is asked who leads."""
        return frozenset({"postgres"})

    def begin(self, world: World) -> None:
        """Kill it, if there is one."""
        leader = world.fleet.name_of(world.leader())
        if leader is not None:
            world.fleet.kill(leader)
            world.fleet.start(leader, after=self.away)
