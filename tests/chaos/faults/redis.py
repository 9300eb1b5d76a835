"""Redis that ends, hangs, and forgets."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from typing import Self

from tests.chaos.evidence import Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class RedisFault(Fault):
    """What happens to the server."""

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Down for a while, sometimes for longer than a lease."""
        return cls(seconds=scale.lease * chance.uniform(0.1, 1.5))

    @property
    def touches(self) -> frozenset[str]:
        """The server, so that its faults do not overlap."""
        return frozenset({"redis"})


class RestartRedis(RedisFault):
    """An orderly restart: the data survives."""

    kind = "restart redis"
    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT | Effect.REDIS_CHANGED

    def begin(self, world: World) -> None:
        """Shut it down."""
        world.redis.stop()

    def end(self, world: World) -> None:
        """Start it with its data."""
        world.redis.start()


class KillRedis(RestartRedis):
    """A crash. What was answered is in the append-only file: the machine lives."""

    kind = "kill redis"

    def begin(self, world: World) -> None:
        """Kill it."""
        world.redis.kill()


class PauseRedis(RedisFault):
    """It hangs: connections stay open, nothing is answered, and leases run out meanwhile."""

    kind = "pause redis"
    effects = Effect.REDIS_AWAY | Effect.REDIS_CUT

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Around a lease."""
        return cls(seconds=scale.lease * chance.uniform(0.5, 2))

    def begin(self, world: World) -> None:
        """SIGSTOP."""
        world.redis.pause()

    def end(self, world: World) -> None:
        """SIGCONT."""
        world.redis.resume()


class FlushRedis(RedisFault):
    """FLUSHALL by somebody who thought it was another server."""

    kind = "flush redis"
    effects = Effect.WIPED
    weight = 2.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """In no time."""
        return cls(seconds=0.0)

    def begin(self, world: World) -> None:
        """Wipe it, and each node of a cluster."""
        for server in world.masters:
            server.flush()


class ReplaceRedis(RedisFault):
    """An empty server at the same address."""

    kind = "replace redis"
    effects = Effect.WIPED | Effect.REDIS_AWAY | Effect.REDIS_CUT | Effect.REDIS_CHANGED

    def begin(self, world: World) -> None:
        """Kill it, and remove its data."""
        world.redis.kill()
        world.redis.forget()

    def end(self, world: World) -> None:
        """Start an empty one."""
        world.redis.start()


class RewindRedis(RedisFault):
    """A failover to a replica that lagged by ``seconds``: the epoch stays, recent writes go."""

    kind = "rewind redis"
    effects = Effect.REWOUND | Effect.REDIS_AWAY | Effect.REDIS_CUT | Effect.REDIS_CHANGED
    weight = 2.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """The lag."""
        return cls(seconds=chance.uniform(0.1, 1.0))

    def begin(self, world: World) -> None:
        """Remember how it is now."""
        world.redis.snapshot(world.folder / "snapshot")

    def end(self, world: World) -> None:
        """Be as it was then."""
        world.redis.rewind(world.folder / "snapshot")
        shutil.rmtree(world.folder / "snapshot")


class CutRedis(RedisFault):
    """CLIENT KILL of every connection."""

    kind = "cut redis"
    effects = Effect.REDIS_CUT
    weight = 2.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """In no time."""
        return cls(seconds=0.0)

    def begin(self, world: World) -> None:
        """Cut them, at each node of a cluster."""
        for server in world.masters:
            server.cut()
