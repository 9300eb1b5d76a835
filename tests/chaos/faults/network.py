"""Lines that are slow, stall, and are cut."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from tests.chaos.evidence import Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World

CALLERS = ("api", "worker")


@dataclass(frozen=True, kw_only=True)
class LineFault(Fault):
    """What happens to the line from all processes of one role to a server."""

    line: str

    @property
    def touches(self) -> frozenset[str]:
        """The line."""
        return frozenset({self.line})

    def end(self, world: World) -> None:
        """Make it good again."""
        world.lines[self.line].heal()


@dataclass(frozen=True, kw_only=True)
class SlowRedis(LineFault):
    """Redis is far away."""

    kind = "slow redis"
    effects = Effect.REDIS_SLOW
    weight = 2.0
    delay: float

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Slow, but not slower than heartbeats bear: a lease here is a twentieth of a real one."""
        return cls(
            seconds=chance.uniform(1, 3),
            line=f"{chance.choice(CALLERS)}-redis",
            delay=scale.lease * chance.uniform(0.003, 0.012),
        )

    def begin(self, world: World) -> None:
        """Slow it down."""
        world.lines[self.line].slow(timedelta(seconds=self.delay))


@dataclass(frozen=True, kw_only=True)
class SlowPostgres(LineFault):
    """The database is far away: each commit takes a while."""

    kind = "slow postgres"
    effects = Effect.DATABASE_SLOW
    weight = 2.0
    delay: float

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Between 50 and 300 ms for each round trip."""
        return cls(
            seconds=chance.uniform(1.5, 4),
            line=f"{chance.choice(CALLERS)}-postgres",
            delay=chance.uniform(0.025, 0.15),
        )

    def begin(self, world: World) -> None:
        """Slow it down."""
        world.lines[self.line].slow(timedelta(seconds=self.delay))


@dataclass(frozen=True, kw_only=True)
class CutLine(LineFault):
    """Every connection on a line is closed, and new ones for a while too."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """For less than a lease."""
        server = cls.kind.split()[-1]
        return cls(
            seconds=scale.lease * chance.uniform(0, 0.5), line=f"{chance.choice(CALLERS)}-{server}"
        )

    def begin(self, world: World) -> None:
        """Cut it."""
        world.lines[self.line].refuse()


class CutRedisLine(CutLine):
    """Redis refuses connections."""

    kind = "refuse redis"
    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT


class CutPostgresLine(CutLine):
    """The database refuses connections."""

    kind = "refuse postgres"
    effects = Effect.DATABASE_AWAY | Effect.DATABASE_CUT


@dataclass(frozen=True, kw_only=True)
class StallRedis(LineFault):
    """Nothing gets through to Redis, and nobody is told."""

    kind = "stall redis"
    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Around a lease."""
        return cls(
            seconds=scale.lease * chance.uniform(0.5, 1.5), line=f"{chance.choice(CALLERS)}-redis"
        )

    def begin(self, world: World) -> None:
        """Stall it."""
        world.lines[self.line].stall()
