"""``penstock worker`` with the bench plugin, which tells at its end what it sent to its servers."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import msgspec

from benchmarks.peers.penstock import installation
from benchmarks.peers.penstock.profiling import profiled
from penstock import logs
from penstock.cli import serving


async def run(report: Path) -> None:
    """Serve the queue until SIGTERM, then write the report."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with installation.application() as application:
        await installation.until_open(application)
        worker = application.worker()
        serving.settle_memory()
        before = installation.counters(application)
        await worker.run(stop)
        after = installation.counters(application)
    sent = {name: after[name] - before[name] for name in after}
    await asyncio.to_thread(report.write_bytes, msgspec.json.encode(sent))


def main() -> None:
    settings = installation.settings()
    logs.configure(settings.log_format, settings.log_level)
    with (
        profiled(installation.profile("worker")),
        asyncio.Runner(loop_factory=serving.loop_factory()) as runner,
    ):
        runner.run(run(Path(os.environ["BENCH_REPORT"])))


if __name__ == "__main__":
    main()
