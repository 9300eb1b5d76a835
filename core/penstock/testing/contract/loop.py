"""An event loop of its own for each check, whatever the tests' own loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from penstock.testing.harness import Harness

T = TypeVar("T")


def with_harness(settings: Sequence[Any], check: Callable[[Harness], Coroutine[Any, Any, T]]) -> T:
    """What ``check`` returns. A handler that cannot be stopped is left behind with its loop."""

    async def body() -> T:
        async with Harness() as harness:
            harness.settings(*settings)
            return await check(harness)

    return run(body())


def run(body: Coroutine[Any, Any, T]) -> T:
    """What ``body`` returns; not by :func:`asyncio.run`, which waits for every task to end."""
    loop = asyncio.new_event_loop()
    # That a task was left behind, the check has said.
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(body)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
