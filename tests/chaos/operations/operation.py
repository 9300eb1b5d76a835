"""An operation: something that a user asks for after a task was accepted."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from tests.chaos.api import Api
from tests.chaos.evidence import Request

_PAUSE = 0.1


@dataclass(frozen=True, kw_only=True)
class Operation(ABC):
    """One planned operation, carried out ``after`` so many seconds of patience."""

    kind: ClassVar[str]
    after: float

    @classmethod
    @abstractmethod
    def draw(cls, chance: random.Random, lease: float) -> Self:
        """One of this kind, by chance; ``lease`` in seconds."""

    @abstractmethod
    def perform(self, api: Api, task_id: UUID) -> AsyncIterator[Request]:
        """Ask until there is an answer; yields each attempt, as it was answered or not."""

    async def _ask(
        self, api: Api, task_id: UUID, answers: Collection[int]
    ) -> AsyncIterator[Request]:
        """Ask for it until one of ``answers`` comes."""
        while True:
            answer = await api.post(f"/api/queues/tasks/{task_id}/{self.kind}")
            yield Request(
                kind=self.kind,
                task_id=task_id,
                began=answer.began,
                ended=answer.ended,
                status=answer.status,
            )
            if answer.status in answers:
                return
            await asyncio.sleep(_PAUSE)
