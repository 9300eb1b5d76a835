"""Time under control: an event loop on which hours of waiting pass in milliseconds."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from selectors import BaseSelector, SelectorKey
from typing import Any

from penstock.declarations import PenstockError

# How long nothing may come from outside before the next timer is due at once. Threads that nobody
# knows of, those of a driver say, get a moment; whoever answers through a socket gets longer.
_SILENCE = 0.005
_SILENCE_OF_SOCKETS = 0.25
_SILENCE_BEFORE_TIMEOUT = 1.0
# Threads of asyncio's that wait for the end of a program, where the system has no better way.
_WAITS_FOR_PROGRAM = "asyncio-waitpid-"
# What asyncio.sleep() has called at its end.
_WAKES_SLEEPER: object = vars(asyncio.futures)["_set_result_unless_cancelled"]
Events = list[tuple[SelectorKey, int]]


class Clock:
    """The time of an event loop, which jumps to the next timer whenever all wait for one.

    It passes as usual while something is under way outside of the loop: a ``def`` handler in its
    process, a thread, a program that was started, a file that is written. An open socket gets a
    quarter of a second in which nothing comes. ``time.time()`` and ``datetime.now()`` are not
    touched: they show the time of the machine. Where nobody sleeps and only time-outs are left to
    come, a second has to pass first: what is waited for may be on its way.

    All timers of the loop share this clock, those of the test itself too.
    """

    def __init__(self) -> None:
        self._skipped = 0.0
        self._users = 0
        self._outside = 0
        self._known: set[int] = set()
        self._woke = time.perf_counter()
        self.longest_stall = 0.0
        """Seconds for which the loop ran one piece of code, while it could do nothing else."""

    @property
    def now(self) -> datetime:
        """The present moment, everything that was skipped included; in UTC."""
        return datetime.now(UTC) + self.skipped

    @property
    def skipped(self) -> timedelta:
        """How much time did not have to be waited for."""
        return timedelta(seconds=self._skipped)

    async def sleep(self, time: timedelta) -> None:
        """Return when ``time`` has passed on this clock."""
        with self.running():
            await asyncio.sleep(time.total_seconds())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let time jump in this block.

        Raises:
            PenstockError: the running loop is none of asyncio's own.
        """
        loop = asyncio.get_running_loop()
        selector = self._installed(loop)
        if self._users == 0:
            self._known = set(selector.get_map())
        self._users += 1
        self._woke = time.perf_counter()
        try:
            yield
        finally:
            self._users -= 1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let time pass as usual in this block: something is under way outside of the loop."""
        self._outside += 1
        try:
            yield
        finally:
            self._outside -= 1

    def _installed(self, loop: Any) -> Any:
        selector = getattr(loop, "_selector", None)
        if isinstance(selector, _Selector):
            if selector.clock is not self:
                selector.clock = self
                # Its timers stand in the time that was shown so far.
                self._skipped = max(self._skipped, loop.time() - time.monotonic())
            loop.time = self._time
            return selector
        if selector is None:
            kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
            raise PenstockError(
                f"expected an event loop of asyncio's own, whose time the harness can control, got "
                f"{kind}; run these tests without it (pytest-asyncio: leave out its loop factory "
                "or policy)"
            )
        # asyncio offers no other way to what a loop waits with.
        front = loop._selector = _Selector(selector, self, loop)  # noqa: SLF001
        loop.time = self._time
        in_thread = loop.run_in_executor

        def run_in_executor(
            executor: Executor | None, function: Callable[..., Any], *arguments: Any
        ) -> asyncio.Future[Any]:
            future: asyncio.Future[Any] = in_thread(executor, function, *arguments)
            held = front.clock.held()
            held.__enter__()
            future.add_done_callback(lambda _: held.__exit__(None, None, None))
            return future

        loop.run_in_executor = run_in_executor
        return front

    def _time(self) -> float:
        return time.monotonic() + self._skipped

    # -- called by the loop, which waits for nothing but this ------------------------------------

    def select(
        self, inner: BaseSelector, timeout: float | None, timers: Sequence[asyncio.TimerHandle]
    ) -> Events:
        """Wait for ``timeout`` seconds of this clock, or until something comes."""
        if self._users:
            self.longest_stall = max(self.longest_stall, time.perf_counter() - self._woke)
        try:
            return self._select(inner, timeout, timers)
        finally:
            self._woke = time.perf_counter()

    def _select(
        self, inner: BaseSelector, timeout: float | None, timers: Sequence[asyncio.TimerHandle]
    ) -> Events:
        if not self._users or self._outside or timeout is None or timeout <= 0:
            return inner.select(timeout)
        patience = self._patience(inner.get_map(), timers)
        if patience is None or patience >= timeout:
            return inner.select(timeout)
        found = inner.select(patience)
        if not found:
            self._skipped += timeout - patience
        return found

    def _patience(
        self, watched: Mapping[Any, SelectorKey], timers: Sequence[asyncio.TimerHandle]
    ) -> float | None:
        """How long to wait for what comes from outside; ``None`` if that is its own matter."""
        if any(each.name.startswith(_WAITS_FOR_PROGRAM) for each in threading.enumerate()):
            return None
        patience = _SILENCE if any(map(_is_sleep, timers)) else _SILENCE_BEFORE_TIMEOUT
        for descriptor in watched.keys() - self._known:
            try:
                is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
            except OSError:
                continue
            if not is_socket:
                return None
            patience = max(patience, _SILENCE_OF_SOCKETS)
        return patience


def _is_sleep(timer: asyncio.TimerHandle) -> bool:
    """Whether somebody waits for the very time, and not for something in time."""
    callback = timer._callback  # type: ignore[attr-defined]  # noqa: SLF001  (no other way)
    return not timer.cancelled() and callback is _WAKES_SLEEPER


class _Selector:
    """Stands in front of a loop's selector, and lets the clock decide how long it waits."""

    def __init__(self, inner: Any, clock: Clock, loop: Any) -> None:
        self._inner = inner
        self._loop = loop
        self.clock = clock

    def select(self, timeout: float | None = None) -> Events:
        return self.clock.select(self._inner, timeout, self._loop._scheduled)  # noqa: SLF001

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
