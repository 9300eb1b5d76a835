"""The application and its tasks."""

from __future__ import annotations

import os
import time

from celery import Celery

_URL = os.environ["BENCH_REDIS_URL"]

app = Celery("bench", broker=f"{_URL}/0", backend=f"{_URL}/1")
app.conf.worker_prefetch_multiplier = 64


@app.task
def noop(number: int) -> dict[str, int]:
    return {"number": number}


@app.task
def pickup() -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}
