"""Many small writes, few transactions.

There is no timer: while one batch is written the next one gathers, so batches are as large as the
load makes them, and a lone write waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from penstock import background
from penstock.ledger.errors import LedgerUnavailableError

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH = 1000


class GroupCommit(Generic[T, R]):
    """Gathers items and writes them in batches, one batch at a time.

    Args:
        write: writes a batch in one transaction, and returns one result per item in order.
        max_batch: the largest batch.
    """

    def __init__(
        self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, max_batch: int = MAX_BATCH
    ) -> None:
        self._write = write
        self._max_batch = max_batch
        self._pending: list[tuple[T, asyncio.Future[R]]] = []
        self._batch: list[tuple[T, asyncio.Future[R]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """Write ``item``; returns once it is committed.

        A bad item fails alone: the database's error reaches its caller and nobody else. A caller
        that is cancelled does not cancel its neighbours; its item may still be written.

        Raises:
            LedgerUnavailableError: nothing is known of the write.
            Exception: whatever ``write`` raised for this very item, like the database's refusal.
        """
        return await self.put(item)

    def put(self, item: T) -> asyncio.Future[R]:
        """:meth:`add`, for callers who have something else to do meanwhile."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="group-commit")
        return future

    @property
    def size(self) -> int:
        """How many items are not written yet."""
        return len(self._pending) + len(self._batch)

    async def close(self) -> None:
        """Wait until everything that was added is written."""
        if self._flusher is not None:
            await asyncio.shield(self._flusher)

    async def abandon(self) -> None:
        """Write no more; whoever waits for an item is cancelled."""
        if self._flusher is not None:
            await background.end(self._flusher)

    async def _flush(self) -> None:
        try:
            while self._pending:
                await self._gather()
                self._batch = self._pending[: self._max_batch]
                del self._pending[: self._max_batch]
                await self._write_batch(self._batch)
        except asyncio.CancelledError:
            # The loop is closing: nobody is left waiting for what will not come.
            for _, future in (*self._batch, *self._pending):
                future.cancel()
            self._pending.clear()
            raise
        finally:
            self._flusher = None
            self._batch = []

    async def _gather(self) -> None:
        """Let callers that are ready now join, for as long as each turn of the loop brings some."""
        before = -1
        while before < len(self._pending) < self._max_batch:
            before = len(self._pending)
            await asyncio.sleep(0)

    async def _write_batch(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._write([item for item, _ in batch])
        except LedgerUnavailableError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001  (it belongs to an item's caller, not to us)
            if len(batch) == 1:
                _fail(batch, error)
                return
            # One bad item spoilt the batch: halves find it, and the others are written.
            middle = len(batch) // 2
            await self._write_batch(batch[:middle])
            await self._write_batch(batch[middle:])
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _fail(batch: Sequence[tuple[T, asyncio.Future[R]]], error: BaseException) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
