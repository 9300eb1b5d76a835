"""Many small writes, few transactions.

There is no timer: while one batch is written the next one gathers, so batches are as large as the
load makes them, and a lone write waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from penstock import background
from penstock.ledger.errors import LedgerUnavailableError

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH = 1000
# So many are worth a transaction beside the one under way.
_WORTH_A_WRITER = 16


@dataclass(eq=False)
class _Writer:
    """Writes one batch after the other; it has none while it gathers."""

    batch: Sequence[tuple[Any, asyncio.Future[Any]]] = ()
    task: asyncio.Task[None] | None = None


class GroupCommit(Generic[T, R]):
    """Gathers items and writes them in batches.

    Args:
        write: writes a batch in one transaction, and returns one result per item in order.
        max_batch: the largest batch.
        enough: so many do not wait for more; by default only the largest batch does not.
        writers: how many batches are written at once at most. With two, callers who come again when
            they were answered are at work while the others wait for the database.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        max_batch: int = MAX_BATCH,
        enough: int | None = None,
        writers: int = 1,
    ) -> None:
        self._write = write
        self._max_batch = max_batch
        self._enough = enough or max_batch
        self._most_writers = writers
        self._pending: list[tuple[T, asyncio.Future[R]]] = []
        self._writers: list[_Writer] = []

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
        if self._is_worth_a_writer:
            writer = _Writer()
            self._writers.append(writer)
            writer.task = asyncio.create_task(self._write_all(writer), name="group-commit")
        return future

    @property
    def size(self) -> int:
        """How many items are not written yet."""
        return len(self._pending) + sum(len(each.batch) for each in self._writers)

    async def close(self) -> None:
        """Wait until everything that was added is written."""
        while self._writers:
            await asyncio.wait([each.task for each in self._writers if each.task])

    async def abandon(self) -> None:
        """Write no more; whoever waits for an item is cancelled."""
        await background.end(*(each.task for each in self._writers))

    @property
    def _is_worth_a_writer(self) -> bool:
        if not self._writers:
            return True
        return len(self._writers) < self._most_writers and len(self._pending) >= _WORTH_A_WRITER

    async def _write_all(self, writer: _Writer) -> None:
        try:
            while self._pending:
                writer.batch = ()
                await self._gather()
                writer.batch = batch = self._take()
                await self._write_batch(batch)
        except asyncio.CancelledError:
            # The loop is closing: nobody is left waiting for what will not come.
            for _, future in (*writer.batch, *self._pending):
                future.cancel()
            self._pending.clear()
            raise
        finally:
            self._writers.remove(writer)

    async def _gather(self) -> None:
        """Let callers that are ready now join, for as long as each turn of the loop brings some."""
        before = -1
        while before < len(self._pending) < self._enough:
            before = len(self._pending)
            await asyncio.sleep(0)

    def _take(self) -> Sequence[tuple[T, asyncio.Future[R]]]:
        """What is pending, or a share of it if another writer gathers as well."""
        sharing = sum(not each.batch for each in self._writers)
        share = min(-(-len(self._pending) // sharing), self._max_batch)
        batch = self._pending[:share]
        del self._pending[:share]
        return batch

    async def _write_batch(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if not batch:
            return
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
