"""A task listener of a plugin, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress

from penstock.declarations import OutcomeCallback, SettingsReader, TaskListener, TaskOutcome

MOST_WAITING = 1000
"""Outcomes that a listener may be behind; further ones are lost to it."""
PATIENCE = 10.0
"""Seconds for one outcome, and for opening the listener."""
_LAST_PATIENCE = 5.0
_log = logging.getLogger("penstock.plugins")


class ListenerThread:
    """Hands outcomes to one listener, which can neither hold up nor break the worker.

    Args:
        listener: as its plugin declares it.
        settings: what it may ask for.
        owner: its plugin, for the log.
        patience: seconds for one outcome, and for opening it.
    """

    def __init__(
        self,
        listener: TaskListener,
        settings: SettingsReader,
        *,
        owner: str,
        patience: float = PATIENCE,
    ) -> None:
        self._listener = listener
        self._settings = settings
        self._patience = patience
        self._title = f"{owner}: task listener {listener.name!r}"
        self._waiting: deque[TaskOutcome] = deque()
        self._lost = 0
        self._is_stopping = False
        self._opened: Future[None] = Future()
        self._news: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"listener-{listener.name}", daemon=True
        )

    async def start(self) -> None:
        """Open the listener.

        Raises:
            Exception: whatever it raises.
            TimeoutError: it took too long.
        """
        self._thread.start()
        # Whoever blocks its loop in there notices no time-out.
        await asyncio.wait_for(asyncio.wrap_future(self._opened), 2 * self._patience)

    def tell(self, outcome: TaskOutcome) -> None:
        """Have it told soon, if it wants to know; returns at once."""
        if outcome.status not in self._listener.statuses:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._lose(f"{MOST_WAITING} outcomes wait for it already")
            return
        self._waiting.append(outcome)
        self._wake()

    async def stop(self) -> None:
        """Let it be told what waits, for a few seconds; then close it."""
        self._is_stopping = True
        self._wake()
        await asyncio.to_thread(self._thread.join, _LAST_PATIENCE)
        if self._thread.is_alive() and self._loop is not None and self._main is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._main.cancel)
            await asyncio.to_thread(self._thread.join, 1.0)
        if self._thread.is_alive():
            _log.error("%s hangs, and is left behind", self._title)
        if self._waiting:
            _log.warning("%s was not told of %d outcomes", self._title, len(self._waiting))

    def _wake(self) -> None:
        # Its loop may have ended already.
        with suppress(RuntimeError):
            if self._loop is not None and self._news is not None:
                self._loop.call_soon_threadsafe(self._news.set)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        try:
            async with asyncio.timeout(self._patience) as opening:
                async with self._listener.open(self._settings) as tell:
                    opening.reschedule(None)
                    self._opened.set_result(None)
                    await self._tell_all(tell)
        except BaseException as error:  # noqa: BLE001  (a plugin's code)
            if not self._opened.done():
                self._opened.set_exception(error)
            else:
                _log.warning("%s could not be closed: %r", self._title, error)

    async def _tell_all(self, tell: OutcomeCallback) -> None:
        assert self._news is not None  # noqa: S101 - for the type checker
        while True:
            self._news.clear()
            while self._waiting:
                await self._tell(tell, self._waiting.popleft())
            if self._is_stopping:
                return
            await self._news.wait()

    async def _tell(self, tell: OutcomeCallback, outcome: TaskOutcome) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await tell(outcome)
        except BaseException as error:
            if self._main is not None and self._main.cancelling():
                raise
            is_late = isinstance(error, TimeoutError)
            reason = f"it took longer than {self._patience:g} s" if is_late else repr(error)
            self._lose(f"task {outcome.task_id}: {reason}", error=None if is_late else error)
        else:
            if self._lost:
                _log.warning("%s works again; it lost %d outcomes", self._title, self._lost)
            self._lost = 0

    def _lose(self, reason: str, *, error: BaseException | None = None) -> None:
        """Count it; only the first is logged until the listener works again."""
        self._lost += 1
        if self._lost == 1:
            _log.error("%s lost an outcome: %s", self._title, reason, exc_info=error)
