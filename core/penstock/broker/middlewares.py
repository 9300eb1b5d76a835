"""Calling taskiq middlewares, which are other people's code, within bounds."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from taskiq import TaskiqMiddleware

from penstock.declarations import PenstockError

PATIENCE = 10.0
"""Seconds for one hook of one middleware."""


class MiddlewareError(PenstockError):
    """A middleware took too long, or tried to end the process."""


def overrides(middleware: TaskiqMiddleware, hook: str) -> bool:
    """Whether it has anything to say at this hook."""
    return getattr(type(middleware), hook) is not getattr(TaskiqMiddleware, hook)


async def call(middleware: TaskiqMiddleware, hook: str, *arguments: Any) -> Any:
    """What the hook returns, for which it has :data:`PATIENCE` seconds if it is an ``async def``.

    Raises:
        MiddlewareError: it took longer, or called ``sys.exit()``.
    """
    what = f"{hook} of middleware {type(middleware).__qualname__}"
    limit = asyncio.timeout(PATIENCE)
    try:
        answer = getattr(middleware, hook)(*arguments)
        if inspect.isawaitable(answer):
            async with limit:
                answer = await answer
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise MiddlewareError(f"{what} took longer than {PATIENCE:g} s") from error
    except SystemExit as error:
        raise MiddlewareError(f"{what} called sys.exit({error.code!r})") from error
    return answer
