"""docs/benchmarks.md, with its plots, from a run's results: ``python -m benchmarks.publish``.

The results lie beside the page; without an argument the page is made of them once more.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from string import Template

import msgspec

from benchmarks import results
from benchmarks.options import Options
from benchmarks.peer import REFERENCE, ROOT
from benchmarks.report import machine_lines
from benchmarks.results import Results
from benchmarks.summary import LATENCIES, MEMORY, PHASES, RATES, cpu
from benchmarks.tables import Table, tables

_DOCS = ROOT / "docs"
PAGE = _DOCS / "benchmarks.md"
RESULTS = _DOCS / "benchmarks.json"
PLOTS = _DOCS / "benchmarks"
_TEMPLATE = Path(__file__).with_name("page.md")
_DRAW = Path(__file__).parent / "plots" / "draw.py"
_PYTHON = ROOT / ".bench" / "plots" / "bin" / "python"


def publish(measured: Results) -> list[Path]:
    """Write the page, its plots and the results; returns the files.

    Raises:
        FileNotFoundError: the plots' environment is not there.
    """
    if not _PYTHON.exists():
        raise FileNotFoundError(f"{_PYTHON} is not there: make bench ARGS=--publish makes it")
    RESULTS.write_text(results.as_json(measured), encoding="utf-8")
    PLOTS.mkdir(exist_ok=True)
    subprocess.run([_PYTHON, _DRAW, PLOTS], input=msgspec.json.encode(plots(measured)), check=True)
    PAGE.write_text(page(measured), encoding="utf-8")
    return [PAGE, RESULTS, *sorted(PLOTS.glob("*.svg"))]


def page(measured: Results) -> str:
    """The page's text."""
    options = measured.options
    found = {each.title: each for each in tables(measured)}
    settings = [f"- **{each.title}**: {each.settings}." for each in measured.peers]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        command=command(options),
        tasks=f"{options.tasks:,}",
        rounds=options.rounds,
        callers=options.callers,
        concurrency=options.concurrency,
        pickups=options.pickups,
        warm_up=f"{options.warm_up:,}",
        tables="\n\n".join(_markdown(each) for each in found.values()),
        machine="\n".join(f"- {each}" for each in machine_lines(measured)),
        settings="\n".join(settings),
    )


def command(options: Options) -> str:
    """How the run was asked for, as far as it differs from the default."""
    default = Options()
    words = []
    for name in ("peers", "tasks", "rounds", "concurrency", "callers", "pickups", "workers",
                 "backlogs", "backlogs_of", "log_level"):  # fmt: skip
        value = getattr(options, name)
        if value != getattr(default, name):
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name.replace('_', '-')}", *(str(each) for each in values)]
    return f'make bench ARGS="{shlex.join([*words, "--publish"])}"'


def plots(measured: Results) -> list[dict[str, object]]:
    """What `draw.py` draws, a file each: bars by peer, with the spread of the rounds."""
    drawn: list[dict[str, object]] = []
    for figure in (*RATES, *LATENCIES[:2], MEMORY):
        bars = []
        for peer in measured.peers:
            spread = figure.spread(peer)
            if spread is not None:
                bars.append({"label": peer.title, "ours": peer.name == REFERENCE,
                             "value": spread.median, "least": spread.least,
                             "greatest": spread.greatest})  # fmt: skip
        drawn.append({"file": figure.key, "title": figure.title, "unit": figure.unit,
                      "digits": figure.digits, "bars": bars})  # fmt: skip
    _, drain = PHASES[-1]
    stacks = [
        {"label": peer.title, "parts": {name: spread.median for name, spread in used.items()}}
        for peer in measured.peers
        if (used := cpu(peer, drain))
    ]
    drawn.append({"file": "cpu", "title": "CPU while draining", "unit": "µs per task",
                  "stacks": stacks})  # fmt: skip
    return drawn


def _markdown(table: Table) -> str:
    head = f"| {' | '.join(table.columns)} |"
    rule = f"|{'---|' * len(table.columns)}"
    rows = [f"| {' | '.join(row)} |" for row in table.rows]
    return "\n".join([f"### {table.title}", "", head, rule, *rows])


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    for file in publish(results.read(source)):
        print(f"wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
