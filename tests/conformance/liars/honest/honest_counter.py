"""Counts letters, and keeps those of each run apart."""

import asyncio
from collections import Counter

from msgspec import Struct

from penstock import Queue, hookimpl, task

COUNTER = Queue("counter", concurrency=2)


class Text(Struct):
    text: str


@task("counter.count", queue=COUNTER, examples=[Text("abracadabra")])
async def count(text: Text) -> dict[str, int]:
    """Count letters."""
    letters: Counter[str] = Counter()
    for letter in text.text:
        letters[letter] += 1
        await asyncio.sleep(0.01)
    return dict(letters)


@hookimpl
def penstock_queues():
    return [COUNTER]


@hookimpl
def penstock_tasks():
    return [count]
