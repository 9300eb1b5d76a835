"""Waiting for a database that is away, on behalf of a handler that waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from penstock.ledger import LedgerUnavailableError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


async def patiently(task_id: UUID, call: Callable[[], Awaitable[T]], doing: str) -> T:
    """Call until the database answers."""
    # Here and not in a writer of its own: what is waited for ends with the handler that waits.
    pause = _FIRST_PAUSE
    while True:
        try:
            return await call()
        except LedgerUnavailableError as error:
            _log.warning("task %s: %s waits: %s", task_id, doing, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
