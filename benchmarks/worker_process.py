"""The worker that is measured, in a process of its own: ``penstock worker`` with the bench plugin.

It says "ready" when it is connected, begins at the first line on its standard input, and drains
on SIGTERM. What it sent meanwhile is written to the file named on its command line.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from benchmarks.bench_plugin import catalogue
from benchmarks.client import until_open
from benchmarks.measures import Counters
from benchmarks.profiling import profiled
from penstock import logs
from penstock.app import Application
from penstock.cli import serving
from penstock.settings import Settings


async def run(settings: Settings, concurrency: int, report: Path) -> None:
    """Serve the queue between "go" and SIGTERM, then write the report."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Application(settings, catalogue(concurrency)) as application:
        await until_open(application)
        worker = application.worker()
        serving.settle_memory()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        before = Counters.of(application)
        await worker.run(stop)
        sent = Counters.of(application) - before
    await asyncio.to_thread(report.write_bytes, msgspec.json.encode(sent))


def main() -> None:
    concurrency, report, profile = sys.argv[1:]
    settings = Settings.load(os.environ, Path.cwd())
    logs.configure(settings.log_format, settings.log_level)
    with (
        profiled(Path(profile) if profile else None),
        asyncio.Runner(loop_factory=serving.loop_factory()) as runner,
    ):
        runner.run(run(settings, int(concurrency), Path(report)))


if __name__ == "__main__":
    main()
