"""``python -m benchmarks``: bring up servers, measure, print, and leave nothing running."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console

from benchmarks import options, report
from benchmarks.profiling import profiled
from benchmarks.run import run
from benchmarks.services import Services
from penstock import logs
from penstock.cli import serving


def main() -> None:
    asked = options.parse()
    logs.configure("console", "warning")
    console = Console(stderr=True)
    profile = None if asked.profile is None else asked.profile / "client.prof"
    with (
        Services(asked.database) as services,
        profiled(profile),
        asyncio.Runner(loop_factory=serving.loop_factory()) as runner,
    ):
        results = runner.run(
            run(asked, services, lambda what: console.print(f"{what} …", style="dim"))
        )
    if asked.json:
        sys.stdout.write(report.as_json(results) + "\n")
    else:
        report.print_table(results, Console())


if __name__ == "__main__":
    main()
