"""Workers that die, stop and freeze."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import World


@dataclass(frozen=True, kw_only=True)
class WorkerFault(Fault):
    """What happens to one worker."""

    worker: str

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """One of the workers, down for a while."""
        worker = f"worker-{chance.randrange(scale.workers)}"
        return cls(seconds=chance.uniform(0.2, scale.lease), worker=worker)

    @property
    def touches(self) -> frozenset[str]:
        """The worker."""
        return frozenset({self.worker})


class KillWorker(WorkerFault):
    """SIGKILL, and a new one after a while."""

    kind = "kill worker"
    weight = 4.0

    def begin(self, world: World) -> None:
        """Kill it."""
        world.fleet.kill(self.worker)

    def end(self, world: World) -> None:
        """Start another in its place."""
        world.fleet.start(self.worker)


class StopWorker(WorkerFault):
    """SIGTERM, as a rolling update does it, and a new one once it has left."""

    kind = "stop worker"
    weight = 3.0

    def begin(self, world: World) -> None:
        """Ask it to stop."""
        world.fleet.stop(self.worker)

    def end(self, world: World) -> None:
        """Wait until it left, and start another in its place."""
        world.fleet.start(self.worker)


class ChangeVersion(StopWorker):
    """A rolling update, or one that is rolled back: the next one is of the other version.

    The old one lacks a task type.
    """

    kind = "change version"
    weight = 2.0

    def end(self, world: World) -> None:
        """Start one of the other version in its place."""
        world.fleet.change_version(self.worker)
        super().end(world)


class FreezeWorker(WorkerFault):
    """SIGSTOP for longer than a lease, then SIGCONT: it wakes up and thinks it is in charge."""

    kind = "freeze worker"
    # Nothing else makes a run write that was overtaken, and only if one is at it just then.
    least = 3
    weight = 3.0

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """Some leases long."""
        worker = f"worker-{chance.randrange(scale.workers)}"
        return cls(seconds=scale.lease * chance.uniform(1.3, 2.5), worker=worker)

    def begin(self, world: World) -> None:
        """Freeze it."""
        world.fleet.freeze(self.worker)

    def end(self, world: World) -> None:
        """Let it go on."""
        world.fleet.thaw(self.worker)
