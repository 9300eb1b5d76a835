"""A task that says something numbered, again and again."""

from __future__ import annotations

import asyncio
import time

from msgspec import Struct

from penstock import Context, Queue, task
from penstock.plugins import Catalogue, Plugin

QUEUE = "talk"
COUNT = "talk.count"


class Count(Struct):
    events: int
    pause: float
    """Seconds between two of them."""


def catalogue() -> Catalogue:
    queue = Queue(QUEUE, concurrency=100)

    @task(COUNT, queue=queue)
    async def count(request: Count, ctx: Context) -> int:
        """Say each number and its moment, as text and as log lines in turns: so none are joined."""
        begun = time.monotonic()
        for number in range(request.events):
            await asyncio.sleep(max(0.0, begun + number * request.pause - time.monotonic()))
            said = f"{number}:{time.monotonic_ns()}"
            if number % 2:
                ctx.log.info(said)
            else:
                await ctx.delta(said)
        return request.events

    plugin = Plugin(name="talk", distribution="talk", version="1", queues=[queue], tasks=[count])
    return Catalogue(plugins=[plugin])
