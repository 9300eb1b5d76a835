"""Hearing of what is announced, for as long as a process lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NoReturn, TypeVar

from penstock.engine.errors import EngineUnavailableError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


async def hear(
    listen: Callable[[], AsyncGenerator[T, None]],
    tell: Callable[[T], Awaitable[object]],
    *,
    of: str,
    deafened: Callable[[], object] = lambda: None,
) -> NoReturn:
    """Tell of all that is heard; listen again, after a pause, whenever that has ended.

    What is announced in between is missed.

    Args:
        listen: begins to listen, on a connection of its own.
        tell: awaited with each; what it raises is logged.
        of: what is heard, for people.
        deafened: called whenever nothing is heard any more.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            async with aclosing(listen()) as announced:
                async for each in announced:
                    pause = _FIRST_PAUSE
                    await tell(each)
        except EngineUnavailableError as error:
            _log.debug("listening for %s waits: %s", of, error)
        # One that ended would make all news slow, and nobody would know why.
        except Exception:  # noqa: BLE001
            _log.exception("listening for %s", of)
        deafened()
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
