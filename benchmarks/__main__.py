"""``python -m benchmarks``: bring up servers, measure, print, and leave nothing running."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import options, peer, publish, report, results
from benchmarks.client import PeerError
from benchmarks.run import run


def main() -> None:
    asked = options.parse()
    # Whoever is told to end ends its servers too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    progress = Console(stderr=True)
    try:
        peers = peer.find(asked.peers)
        asked.require_measured({each.name for each in peers})
        measured = run(asked, peers, lambda what: progress.print(f"{what} …", style="dim"))
    except (PeerError, ValueError) as error:
        sys.exit(str(error))
    report.print_tables(measured, Console())
    if asked.json is not None:
        Path(asked.json).write_text(results.as_json(measured), encoding="utf-8")
    if asked.publish:
        for file in publish.publish(measured):
            progress.print(f"wrote {file}")


if __name__ == "__main__":
    main()
