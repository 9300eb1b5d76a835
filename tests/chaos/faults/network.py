"""Lines that are slow, stall, and are cut.

Each kind exists once for the line of the API processes and once for that of the workers: they do
different things with a server.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from tests.chaos.evidence import Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class LineFault(Fault):
    """What happens to the line from all processes of one role to a server."""

    line: ClassVar[str]

    @property
    def touches(self) -> frozenset[str]:
        """The line."""
        return frozenset({self.line})

    def end(self, world: World) -> None:
        """Make it good again."""
        world.lines[self.line].heal()


@dataclass(frozen=True, kw_only=True)
class Slow(LineFault):
    """The server is far away."""

    delay: float
    """Seconds, in each direction."""

    def begin(self, world: World) -> None:
        """Slow it down."""
        world.lines[self.line].slow(timedelta(seconds=self.delay))


class SlowRedis(Slow):
    """Redis is far away, but not further than heartbeats can bear.

    A lease here is a twentieth of a real one, and so are the delays.
    """

    effects = Effect.REDIS_SLOW

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """For a while."""
        delay = scale.lease * chance.uniform(0.003, 0.012)
        return cls(seconds=chance.uniform(1.5, 3), delay=delay)


class SlowPostgres(Slow):
    """The database is far away: each commit takes a while."""

    effects = Effect.DATABASE_SLOW

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Between 50 and 300 ms for each round trip, for as long as an audit is awaited."""
        return cls(seconds=chance.uniform(2, 7), delay=chance.uniform(0.025, 0.15))


@dataclass(frozen=True, kw_only=True)
class Narrow(LineFault):
    """The line is thin: large messages take long."""

    bytes_per_second: float

    def begin(self, world: World) -> None:
        """Narrow it."""
        world.lines[self.line].limit(self.bytes_per_second)


class NarrowRedis(Narrow):
    """Some heartbeats per second still get through."""

    effects = Effect.REDIS_SLOW

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """As much as an old modem, or ten of them; each connection has it for itself."""
        return cls(seconds=chance.uniform(1.5, 3), bytes_per_second=chance.uniform(2e4, 2e5))


class NarrowPostgres(Narrow):
    """Batches take a while."""

    effects = Effect.DATABASE_SLOW

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Room for some tasks per second and connection."""
        return cls(seconds=chance.uniform(1.5, 4), bytes_per_second=chance.uniform(2e4, 2e5))


class Refuse(LineFault):
    """Every connection is closed, and each new one at once."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """For less than a lease."""
        return cls(seconds=scale.lease * chance.uniform(0, 0.5))

    def begin(self, world: World) -> None:
        """Cut it."""
        world.lines[self.line].refuse()


class RefuseRedis(Refuse):
    """Redis refuses connections."""

    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT


class RefusePostgres(Refuse):
    """The database refuses connections."""

    effects = Effect.DATABASE_AWAY | Effect.DATABASE_CUT


class Stall(LineFault):
    """Nothing gets through, and nobody is told; it arrives late."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Around a lease."""
        return cls(seconds=scale.lease * chance.uniform(0.5, 1.5))

    def begin(self, world: World) -> None:
        """Stall it."""
        world.lines[self.line].stall()


class StallRedis(Stall):
    """Redis is silent."""

    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT


class StallPostgres(Stall):
    """The database is silent."""

    effects = Effect.DATABASE_AWAY | Effect.DATABASE_CUT


def _on_each_line(kind: type[LineFault], what: str, server: str) -> Sequence[type[LineFault]]:
    return [
        type(
            f"{caller.capitalize()}{kind.__name__}",
            (kind,),
            {"kind": f"{what} {server} of {caller}", "line": f"{caller}-{server}"},
        )
        for caller in ("api", "worker")
    ]


REDIS_LINE_FAULTS: Sequence[type[LineFault]] = [
    *_on_each_line(SlowRedis, "slow", "redis"),
    *_on_each_line(NarrowRedis, "narrow", "redis"),
    *_on_each_line(RefuseRedis, "refuse", "redis"),
    *_on_each_line(StallRedis, "stall", "redis"),
]
POSTGRES_LINE_FAULTS: Sequence[type[LineFault]] = [
    *_on_each_line(SlowPostgres, "slow", "postgres"),
    *_on_each_line(NarrowPostgres, "narrow", "postgres"),
    *_on_each_line(RefusePostgres, "refuse", "postgres"),
    *_on_each_line(StallPostgres, "stall", "postgres"),
]
