"""PostgreSQL that ends, hangs, and drops its clients."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.evidence import Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class PostgresFault(Fault):
    """What happens to the server."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Down for a while."""
        return cls(seconds=scale.lease * chance.uniform(0.1, 1.5))

    @property
    def touches(self) -> frozenset[str]:
        """The server, so that its faults do not overlap."""
        return frozenset({"postgres"})


class RestartPostgres(PostgresFault):
    """An orderly restart, as fast as it goes."""

    kind = "restart postgres"
    effects = Effect.DATABASE_AWAY | Effect.DATABASE_CUT

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """It takes what it takes."""
        return cls(seconds=0.0)

    def begin(self, world: World) -> None:
        """Restart it."""
        world.postgres.restart()


class KillPostgres(PostgresFault):
    """A crash, and recovery from its log."""

    kind = "kill postgres"
    effects = Effect.DATABASE_AWAY | Effect.DATABASE_CUT

    def begin(self, world: World) -> None:
        """Kill it."""
        world.postgres.kill()

    def end(self, world: World) -> None:
        """Start it with its data."""
        world.postgres.start()


class PausePostgres(PostgresFault):
    """It hangs: statements take as long as it is frozen."""

    kind = "pause postgres"
    effects = Effect.DATABASE_AWAY

    def begin(self, world: World) -> None:
        """SIGSTOP."""
        world.postgres.pause()

    def end(self, world: World) -> None:
        """SIGCONT."""
        world.postgres.resume()


class CutPostgres(PostgresFault):
    """Every connection is terminated."""

    kind = "cut postgres"
    effects = Effect.DATABASE_CUT
    weight = 2.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """In no time."""
        return cls(seconds=0.0)

    def begin(self, world: World) -> None:
        """Cut them."""
        world.postgres.cut(world.database)
