"""The plugin that is measured: handlers that do nothing."""

from __future__ import annotations

import time
from datetime import timedelta

from msgspec import Struct

from penstock import Queue, RateLimit, task
from penstock.plugins import Catalogue, Plugin

QUEUE = "bench"
NOOP = "bench.noop"
PICKUP = "bench.pickup"


class Number(Struct):
    number: int


class Moment(Struct):
    nanoseconds: int
    """Of the clock that all processes of a host share."""


def catalogue(concurrency: int, *, with_limits: bool = False) -> Catalogue:
    """A catalogue of one queue with ``concurrency`` slots per worker process.

    With limits, it has a rate limit so wide that nothing meets it.
    """
    wide = RateLimit(limit=100_000, period=timedelta(seconds=1))
    queue = Queue(QUEUE, concurrency=concurrency, rate_limit=wide if with_limits else None)

    @task(NOOP, queue=queue)
    async def noop(request: Number) -> Number:
        """Return the input."""
        return request

    @task(PICKUP, queue=queue)
    async def pickup(_: Number) -> Moment:
        """Return when the handler was called."""
        return Moment(time.monotonic_ns())

    plugin = Plugin(
        name="bench", distribution="bench", version="1", queues=[queue], tasks=[noop, pickup]
    )
    return Catalogue(plugins=[plugin])
