"""API processes that die and stop."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class ApiFault(Fault):
    """What happens to one API process."""

    api: str

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """One of them, down for a while."""
        return cls(seconds=chance.uniform(0.1, 0.8), api=f"api-{chance.randrange(scale.apis)}")

    @property
    def touches(self) -> frozenset[str]:
        """The process."""
        return frozenset({self.api})

    def end(self, world: World) -> None:
        """Start another in its place."""
        world.fleet.start(self.api)


class KillApi(ApiFault):
    """SIGKILL: accepted tasks that were not handed over yet are the reconciler's."""

    kind = "kill api"
    weight = 2.0

    def begin(self, world: World) -> None:
        """Kill it."""
        world.fleet.kill(self.api)


class StopApi(ApiFault):
    """SIGTERM, as a rolling update does it."""

    kind = "stop api"

    def begin(self, world: World) -> None:
        """Ask it to stop."""
        world.fleet.stop(self.api)
