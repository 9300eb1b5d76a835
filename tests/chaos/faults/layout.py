"""A queue that a newer Penstock took over."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from penstock.engine.keys import FORMAT, QueueKeys
from tests.chaos.evidence import QUEUES, Effect
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.world import NAMESPACE, World


@dataclass(frozen=True, kw_only=True)
class NewerLayout(Fault):
    """The queue's epoch names a newer layout of its keys for a while; then the keys are gone."""

    kind = "newer layout"
    effects = Effect.NEWER_LAYOUT
    only: str

    @classmethod
    def draw(cls, chance: random.Random, scale: Scale) -> Self:
        """One of the queues."""
        return cls(seconds=scale.lease * chance.uniform(1, 2), only=chance.choice(list(QUEUES)))

    @property
    def touches(self) -> frozenset[str]:
        """The server: a wipe would take the epoch away."""
        return frozenset({"redis"})

    @property
    def queue(self) -> str | None:
        """The one that was taken over."""
        return self.only

    def begin(self, world: World) -> None:
        """Take it over."""
        with world.redis_client(self.only) as client:
            client.set(QueueKeys.of(NAMESPACE, self.only).epoch, f"{FORMAT + 1}-newer")

    def end(self, world: World) -> None:
        """Leave."""
        with world.redis_client(self.only) as client:
            client.delete(*QueueKeys.of(NAMESPACE, self.only))
