"""Having a task cancelled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from tests.chaos.api import Api
from tests.chaos.evidence import Request
from tests.chaos.operations.operation import Operation

_DONE, _TOLD, _ENDED = 200, 202, 409


@dataclass(frozen=True, kw_only=True)
class Cancel(Operation):
    """It was a mistake: whether the task waits, is delayed, runs, or has just ended."""

    kind = "cancel"

    @classmethod
    def draw(cls, chance: random.Random, lease: float) -> Self:
        """At once, or within two leases."""
        return cls(after=chance.choice([0.0, lease * chance.uniform(0, 2)]))

    async def perform(self, api: Api, task_id: UUID) -> AsyncIterator[Request]:
        """Ask for it, whatever the task does."""
        await asyncio.sleep(self.after)
        async for request in self._ask(api, task_id, (_DONE, _TOLD, _ENDED)):
            yield request
