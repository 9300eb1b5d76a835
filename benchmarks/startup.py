"""``python -m benchmarks.startup``: how long the API takes to start, by how much is installed.

Each row is the best of some starts of a fresh interpreter, with the built-in plugins and so many
more. What is beyond "imports" grows with the task types, and should grow no faster than they do.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.many_plugins import TASKS, write_plugins

PLUGINS = (0, 5, 10, 20, 40)
_ROOT = Path(__file__).parents[1]


def probe(folder: Path, *, plugins: int) -> dict[str, Any]:
    """The figures of one start with so many plugins beside the built-in ones, in a new folder."""
    site = folder / f"{plugins}-plugins"
    if not site.exists():
        site.mkdir()
        write_plugins(site, plugins)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.startup_probe", str(folder)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        check=True,
        text=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the start of the API.")
    parser.add_argument("--starts", type=int, default=5, help="Starts of each, the best counts.")
    starts = parser.parse_args().starts
    table = Table(title=f"Starting the API, in ms; each plugin has {TASKS} task types")
    steps = ("imports", "plugins", "application")
    for column in ("plugins", "task types", *steps, "per task type", "modules"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        for count in PLUGINS:
            found = [probe(Path(folder), plugins=count) for _ in range(starts)]
            best = {step: min(each["seconds"][step] for each in found) * 1000 for step in steps}
            types = found[0]["task_types"]
            each = (best["plugins"] + best["application"]) / types
            table.add_row(
                str(count),
                str(types),
                *(f"{best[step]:.0f}" for step in steps),
                f"{each:.2f}",
                str(found[0]["modules"]),
            )
    Console().print(table)
    print(f"Imported beside that: {', '.join(found[0]['heavy']) or 'none of the heavy libraries'}.")


if __name__ == "__main__":
    main()
