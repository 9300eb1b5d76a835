"""Counts letters, and keeps the letters of all runs in one place."""

import asyncio
from collections import Counter

from msgspec import Struct

from penstock import Queue, hookimpl, task

COUNTER = Queue("counter", concurrency=2)
LETTERS: Counter[str] = Counter()


class Text(Struct):
    text: str


@task("counter.count", queue=COUNTER, examples=[Text("abracadabra")])
async def count(text: Text) -> dict[str, int]:
    """Count letters."""
    letters = LETTERS
    letters.clear()
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
