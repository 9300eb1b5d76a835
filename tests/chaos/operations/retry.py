"""Having a task that failed, or was cancelled, run again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from tests.chaos.api import Api
from tests.chaos.evidence import ENDED, Request
from tests.chaos.operations.operation import Operation

_ACCEPTED, _OPEN_OR_DONE = 202, 409
_LOOK = 0.3


@dataclass(frozen=True, kw_only=True)
class Retry(Operation):
    """Whatever was wrong is repaired: wait until the task has ended, then have it tried anew."""

    kind = "retry"

    @classmethod
    def draw(cls, chance: random.Random, lease: float) -> Self:
        """Soon."""
        return cls(after=lease * chance.uniform(0, 0.5))

    async def perform(self, api: Api, task_id: UUID) -> AsyncIterator[Request]:
        """Ask for it once the task has ended, unless it succeeded."""
        if await self._outcome(api, task_id) == "success":
            return
        await asyncio.sleep(self.after)
        async for request in self._ask(api, task_id, (_ACCEPTED, _OPEN_OR_DONE)):
            yield request

    async def _outcome(self, api: Api, task_id: UUID) -> str:
        while True:
            status = (await api.get(f"/api/queues/tasks/{task_id}")).data.get("status")
            if status in ENDED:
                return str(status)
            await asyncio.sleep(_LOOK)
