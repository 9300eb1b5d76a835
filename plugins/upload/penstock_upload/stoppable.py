"""Work in a thread that ends soon after its task is cancelled."""

import asyncio
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """The work was told to stop, and did."""


class Stop:
    """Says whether somebody still wants the work; shared by a task and its thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def wanted(self) -> bool:
        """Whether the work shall stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Go on or not.

        Raises:
            StoppedError: if the work shall stop.
        """
        if self.wanted:
            raise StoppedError


class StoppableFile(io.BufferedReader):
    """A local file that ends early when the work shall stop, so that its decoder gives up.

    It does not raise: libraries in C print, or swallow, what a read raises.
    """

    def __init__(self, path: Path, stop: Stop) -> None:
        super().__init__(io.FileIO(path))
        self._stop = stop

    def read(self, size: int | None = -1, /) -> bytes:
        """At most ``size`` bytes; none once the work shall stop."""
        return b"" if self._stop.wanted else super().read(size)


async def in_thread(work: Callable[[Stop], T]) -> T:
    """Run ``work`` in a thread, and return or raise what it does.

    A cancelled task asks the work to stop and waits until it has: nothing outlives the task.
    """
    stop = Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await _ended(running)
        raise


async def _ended(running: "asyncio.Future[T]") -> None:
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:  # a second one changes nothing: the thread has to end
            continue
    running.exception()  # has been seen: nobody wants its outcome any more
