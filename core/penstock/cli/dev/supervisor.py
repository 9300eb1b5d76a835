"""Runs processes that belong together: they start in order, and stop together in reverse."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from penstock.cli.dev.child import Child

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Watches over child processes until one of them ends, or somebody stops them all.

    Args:
        grace: how long a child may take to end when asked to, before it is killed.
        say: called with messages for people.
    """

    def __init__(self, *, grace: timedelta, say: Callable[[str], None]) -> None:
        self._grace = grace
        self._say = say
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """Stop everything: the first call with patience, the second at once."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stop.is_set()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let Ctrl-C, SIGTERM and a closed terminal call :meth:`stop`."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def complete(self, child: Child) -> bool:
        """Run a child to its end; whether it succeeded and nobody said stop."""
        await child.start()
        ended = asyncio.create_task(child.wait())
        await self._first(ended)
        if not ended.done():
            await child.stop(self._grace, self._hurry)
        code = await ended
        if self._stop.is_set():
            return False
        if code != 0:
            self._say(f"{child.name} failed ({how(code)})")
        return code == 0

    async def keep(
        self,
        children: Sequence[Child],
        *,
        meanwhile: Coroutine[Any, Any, None],
        also: Sequence[Awaitable[str]] = (),
    ) -> int:
        """Start the children, and keep them until one ends or :meth:`stop` is called.

        Args:
            children: in the order in which they start; they stop in the opposite order.
            meanwhile: runs beside them; its end is no reason to stop, its failure is.
            also: things that end everything as well, each with a message.

        Returns:
            The exit code: 0 after :meth:`stop`, 1 if something ended by itself.
        """
        beside = asyncio.create_task(meanwhile)
        ends = [asyncio.ensure_future(each) for each in also]
        started: list[Child] = []
        try:
            for child in children:
                await child.start()
                started.append(child)
                ends.append(asyncio.create_task(_end_of(child)))
            await self._first(*ends, unless=beside)
            if self.stopped:
                self._say("stopping; press Ctrl-C again to stop at once")
                return 0
            for end in ends:
                if end.done():
                    self._say(f"{end.result()}; stopping the rest")
            return 1
        finally:
            for task in (beside, *ends):
                task.cancel()
            for child in reversed(started):
                await child.stop(self._grace, self._hurry)

    async def _first(
        self, *ends: asyncio.Future[Any], unless: asyncio.Task[None] | None = None
    ) -> None:
        """Return when one of ``ends`` is there or :meth:`stop` is called; raise what fails."""
        stop = asyncio.create_task(self._stop.wait())
        waiting: set[asyncio.Future[Any]] = {stop, *ends}
        if unless is not None:
            waiting.add(unless)
        try:
            while True:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if unless is None or done != {unless}:
                    return
                unless.result()
        finally:
            stop.cancel()


async def _end_of(child: Child) -> str:
    return f"{child.name} ended ({how(await child.wait())})"


def how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
