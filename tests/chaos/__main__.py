"""``python -m tests.chaos``: break everything by one seed, check, and print what came of it."""

from __future__ import annotations

import sys

from rich.console import Console

from tests.chaos import options
from tests.chaos.report import Report
from tests.chaos.run import run


def main() -> None:
    asked = options.parse()
    console = Console()
    progress = Console(stderr=True, style="dim", highlight=False)
    plan, evidence = run(asked, progress.print)
    report = Report.of(plan.seed, evidence)
    report.print(console)
    if asked.report is not None:
        asked.report.write_bytes(report.as_json())
    sys.exit(1 if report.violations else 0)


if __name__ == "__main__":
    main()
