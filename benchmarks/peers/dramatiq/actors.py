"""The broker and its actors."""

from __future__ import annotations

import os
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

_URL = os.environ["BENCH_REDIS_URL"]

results = RedisBackend(url=_URL)
broker = RedisBroker(url=_URL)
broker.add_middleware(Results(backend=results))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def noop(number: int) -> dict[str, int]:
    return {"number": number}


@dramatiq.actor(store_results=True)
def pickup() -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}
