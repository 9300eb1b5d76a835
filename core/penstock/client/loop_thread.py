"""An event loop in a thread of its own, for code that has none."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from penstock.declarations import PenstockError

T = TypeVar("T")
_END: Any = object()


class LoopThread:
    """Runs coroutines for callers in any other thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._unfinished: set[AsyncGenerator[Any, None]] = set()
        # A program that forgets to close it ends all the same.
        self._thread = threading.Thread(target=self._run, name="penstock-client", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end, and return or raise what it does.

        A caller that is interrupted meanwhile, by Ctrl-C say, interrupts it.

        Raises:
            PenstockError: the caller is in this very thread, or it is closed.
        """
        if not self._can_call():
            work.close()
            raise PenstockError(
                "a SyncClient cannot be used from within its own event loop; use Client there"
                if self._thread.is_alive()
                else "the client was closed meanwhile, or this process was forked; begin anew"
            )
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            message = "the client was closed meanwhile; what was accepted goes on"
            raise PenstockError(message) from error
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """What ``items`` yields, as it comes; whoever leaves early closes it.

        Raises:
            Exception: what ``items`` raises, and as :meth:`call` does.
        """
        self._unfinished.add(items)
        try:
            while (item := self.call(_next(items))) is not _END:
                yield item
        except GeneratorExit:
            # Else asyncio closes it: this may be the garbage collector, in any thread.
            if self._can_call():
                self.call(items.aclose())
            raise
        finally:
            self._unfinished.discard(items)

    def close(self) -> None:
        """Stop the loop, and wait for the thread."""
        self.loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _can_call(self) -> bool:
        return self._thread.is_alive() and threading.current_thread() is not self._thread

    def _run(self) -> None:
        # In the end it cancels what still runs, so that nobody waits for it in vain.
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._wait())

    async def _wait(self) -> None:
        await self._stopping.wait()
        for each in list(self._unfinished):
            # One that is just asked for its next is cancelled.
            with suppress(RuntimeError):
                await each.aclose()


async def _next(items: AsyncGenerator[T, None]) -> T:
    return await anext(items, _END)
