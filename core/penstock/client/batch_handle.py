"""A submitted batch, as whoever submitted it follows it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from penstock.client.request import TaskRequest
from penstock.declarations import checks
from penstock.ledger import BatchRecord, StatusCounts

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class BatchInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of a batch. Times are in UTC.

    ``total`` is how many tasks were put into it, ``counts`` how many of them are in each status;
    ``progress`` is the mean of theirs, from 0 to 100, where what has ended counts as 100.
    ``callback_task_id`` is its callback, once that is there.
    """

    id: UUID
    name: str
    user_id: str | None
    total: int
    counts: StatusCounts
    progress: float
    callback_task_id: UUID | None
    created_by: str
    created_at: datetime
    sealed_at: datetime | None
    cancelled_at: datetime | None
    finished_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether it is sealed, and all of its tasks have ended."""
        return self.finished_at is not None

    @classmethod
    def of(cls, record: BatchRecord) -> BatchInfo:
        """What to show of a batch in the ledger."""
        return cls(**{each: getattr(record, each) for each in cls.__struct_fields__})


class BatchAccess(Protocol):
    """Where a handle looks its batch up, and steers it."""

    async def batch(self, batch_id: UUID) -> BatchInfo:
        """The batch of that id, as the ledger has it now."""
        ...

    async def batch_has_finished(self, batch_id: UUID) -> bool:
        """Whether it has finished, which is cheaper to ask."""
        ...

    async def add_to_batch(
        self,
        batch_id: UUID,
        requests: Sequence[TaskRequest[Any]],
        *,
        idempotency_key: str | None = None,
    ) -> BatchInfo:
        """Accept more of its tasks."""
        ...

    async def seal_batch(self, batch_id: UUID) -> BatchInfo:
        """Take no more tasks of it."""
        ...

    async def cancel_batch(self, batch_id: UUID, *, reason: str = "") -> BatchInfo:
        """Cancel its open tasks."""
        ...

    def opened(self) -> AbstractAsyncContextManager[BatchAccess]:
        """The same, with connections that it keeps for as long as the context lasts."""
        ...


class BatchHandle:
    """A batch that was accepted. ``id`` is all that is needed to find it again."""

    def __init__(self, access: BatchAccess, batch_id: UUID) -> None:
        self.id = batch_id
        self._access = access

    async def status(self) -> BatchInfo:
        """The batch as the ledger has it now.

        Raises:
            BatchNotFoundError: it was removed meanwhile.
        """
        return await self._access.batch(self.id)

    async def wait(self, *, timeout: timedelta | None = None) -> BatchInfo:
        """Wait until it has finished: it is sealed, and all of its tasks have ended.

        Args:
            timeout: how long to wait; for ever if left out. The batch goes on in any case.

        Raises:
            BatchNotFoundError: it was removed meanwhile.
            TimeoutError: it has not finished yet.
            PenstockError: the database is away; the batch goes on, and this may be called again.
        """
        if timeout is not None:
            checks.instance(timeout, timedelta, of="timeout of BatchHandle.wait")
        now = asyncio.get_running_loop().time
        deadline = now() + timeout.total_seconds() if timeout is not None else math.inf
        pause = _FIRST_PAUSE
        async with self._access.opened() as access:
            while not await access.batch_has_finished(self.id):
                if now() >= deadline:
                    batch = await access.batch(self.id)
                    sealed = "" if batch.sealed_at else ", and not sealed"
                    message = (
                        f"batch {self.id} is at {batch.progress:.0f} % after {timeout}{sealed}; it "
                        "goes on, and .wait() may be asked again"
                    )
                    raise TimeoutError(message)
                await asyncio.sleep(min(pause, max(deadline - now(), 0)))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            return await access.batch(self.id)

    async def add(
        self, requests: Sequence[TaskRequest[Any]], *, idempotency_key: str | None = None
    ) -> BatchInfo:
        """Accept more of its tasks, all of them or none; at most 1,000 at once.

        Args:
            requests: the tasks.
            idempotency_key: the very same tasks with the same key are added once.

        Raises:
            BatchSealedError: it takes no more.
            PenstockError: as :meth:`Client.submit_batch`.
        """
        return await self._access.add_to_batch(self.id, requests, idempotency_key=idempotency_key)

    async def seal(self) -> BatchInfo:
        """Take no more tasks, so that it finishes; sealing it again changes nothing."""
        return await self._access.seal_batch(self.id)

    async def cancel(self, reason: str = "") -> BatchInfo:
        """Cancel its open tasks; its callback does not run.

        Tasks that wait are cancelled at once, workers are told of those that run. One that has
        finished already stays as it is. If some tasks of a very large one wait still, repeat it.

        Args:
            reason: for people, and for the tasks' handlers.

        Raises:
            BatchNotFoundError: it was removed meanwhile.
        """
        return await self._access.cancel_batch(self.id, reason=reason)

    def __repr__(self) -> str:
        return f"<batch {self.id}>"
