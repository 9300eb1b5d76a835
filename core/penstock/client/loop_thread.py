"""An event loop in a thread of its own, for code that has none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from penstock.declarations import PenstockError

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for callers in any other thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        # A program that forgets to close it ends all the same.
        self._thread = threading.Thread(target=self._run, name="penstock-client", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end, and return or raise what it does.

        A caller that is interrupted meanwhile, by Ctrl-C say, interrupts it.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise PenstockError(
                "a SyncClient cannot be used from within its own event loop; use Client there"
            )
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop, and wait for the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()
