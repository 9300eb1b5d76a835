"""``python -m benchmarks.ledger_prune``: what pruning half a million tasks does to submits.

Tasks are submitted at a steady rate, first alone, then while the older half of a million is
removed by the same process, which is the worst place for it. Prints how long submits took.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.ledger_rows import ROWS, SPAN, database
from benchmarks.peers.penstock.installation import until_open
from benchmarks.peers.penstock.plugin import NOOP, catalogue
from penstock.app import Application
from penstock.dispatch import Retention, Submission
from penstock.ledger import Status
from penstock.settings import Settings
from tests.services import RedisServer


async def submit_for(application: Application, rate: int, until: asyncio.Event) -> list[float]:
    """Submit so many tasks a second; returns the milliseconds that each took."""
    took: list[float] = []

    async def one(number: int) -> None:
        begun = time.perf_counter()
        await application.dispatch.submit(Submission(NOOP, f'{{"number":{number}}}'))
        took.append((time.perf_counter() - begun) * 1000)

    begun, number = time.perf_counter(), 0
    async with asyncio.TaskGroup() as group:
        while not until.is_set():
            group.create_task(one(number))
            number += 1
            # From the beginning, so that what is late is made up for, and seen.
            await asyncio.sleep(max(0, begun + number / rate - time.perf_counter()))
    return took


async def prune(application: Application, step: int) -> tuple[int, float]:
    """How many tasks are gone, and after how many seconds."""
    keep = dict.fromkeys((Status.SUCCESS, Status.FAILED, Status.CANCELLED), SPAN / 2)
    retention = Retention(
        ledger=application.ledger, artifacts=application.artifacts, keep=keep, step=step
    )
    begun, gone = time.perf_counter(), 0
    async for _, tasks in retention.prune():
        gone += tasks
    return gone, time.perf_counter() - begun


async def measure(settings: Settings, asked: argparse.Namespace) -> None:
    application = Application(settings, catalogue(100))
    async with application:
        await until_open(application)
        quiet, busy = asyncio.Event(), asyncio.Event()
        asyncio.get_running_loop().call_later(2, quiet.set)
        await submit_for(application, asked.rate, quiet)  # warm
        quiet.clear()
        asyncio.get_running_loop().call_later(asked.seconds, quiet.set)
        show("quiet", await submit_for(application, asked.rate, quiet))
        submitting = asyncio.create_task(submit_for(application, asked.rate, busy))
        gone, seconds = await prune(application, asked.step)
        busy.set()
        show("pruning", await submitting)
        print(f"{gone:,} tasks are gone after {seconds:.0f} s")


def show(what: str, took: list[float]) -> None:
    percents = statistics.quantiles(took, n=100)
    p50, p99 = percents[49], percents[98]
    print(f"{what}: {len(took):,} submits, p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {max(took):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dialect", choices=["postgresql", "sqlite"])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rate", type=int, default=300, help="submits a second")
    parser.add_argument("--seconds", type=float, default=20, help="how long without pruning")
    parser.add_argument("--step", type=int, default=200, help="tasks in one transaction")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="bench-prune-") as folder,
        database(asked.dialect, asked.rows) as url,
        RedisServer(Path(folder) / "redis") as redis,
    ):
        kept = (f"PENSTOCK_KEEP_{each}" for each in ("SUCCESS", "FAILED", "CANCELLED"))
        environment = {
            "REDIS_URL": redis.url,
            "DATABASE_URL": url,
            # The process itself removes nothing while it is measured alone.
            **dict.fromkeys(kept, "forever"),
        }
        asyncio.run(measure(Settings.load(environment, Path(folder)), asked))


if __name__ == "__main__":
    main()
