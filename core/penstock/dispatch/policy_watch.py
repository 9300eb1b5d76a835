"""Hearing of changed policies at once.

What is missed, while the connection is away, the reconciler still brings.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from penstock import background
from penstock.dispatch.policies import Policies
from penstock.engine import Engine, hear
from penstock.ledger import LedgerUnavailableError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_PATIENCE = 5.0
_log = logging.getLogger(__name__)


class PolicyWatch:
    """Reads the policies anew whenever somebody says that they changed, and at its start."""

    def __init__(self, *, policies: Policies, engine: Engine) -> None:
        self._policies = policies
        self._engine = engine
        self._listeners: list[Callable[[], object]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def on_news(self, listener: Callable[[], object]) -> None:
        """Call ``listener`` whenever something was announced, or may have been.

        What is announced is that rows have changed which everybody reads: those of policies, and of
        schedules.
        """
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to listen."""
        self._policies.is_watched = True
        self._task = asyncio.create_task(self._run(), name="policy-watch")

    async def stop(self) -> None:
        """Listen no longer."""
        self._stopping = True
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._idle.wait()
        except TimeoutError:
            pass
        await background.end(self._task)

    async def _run(self) -> None:
        await hear(self._engine.policy_changes, self._tell, of="changed policies")

    async def _tell(self, _: None) -> None:
        for listener in self._listeners:
            listener()
        await self._read()

    async def _read(self) -> None:
        """Read the policies, as often as it takes."""
        pause = _FIRST_PAUSE
        while not self._stopping:
            self._idle.clear()
            try:
                await self._policies.refresh()
            except LedgerUnavailableError as error:
                _log.debug("reading the policies waits: %s", error)
            else:
                return
            finally:
                self._idle.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
