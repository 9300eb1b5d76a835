"""``python -m tests.chaos.mutants [NAME …]``: some seeds on each mutant; one must catch it.

A fault that shows in one moment of a plan only needs a plan that has it: the short seed is tried
first, and then others.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.mutants import MUTANTS, Mutant
from tests.chaos.options import Options
from tests.chaos.report import Report
from tests.chaos.run import run

_SEEDS = (Options().seed, 3, 4711)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=__doc__)
    names = [each.name for each in MUTANTS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--seeds", nargs="+", type=int, default=_SEEDS, metavar="SEED")
    parser.add_argument("--reports", type=Path, help="write each report into this folder")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names):
        parser.error(f"there is no mutant {', '.join(unknown)}; there are {', '.join(names)}")
    progress = Console(stderr=True, style="dim", highlight=False)
    table = Table(title="Mutants")
    for column in ("mutant", "seed", "violations", ""):
        table.add_column(column)
    survived = False
    for mutant in MUTANTS:
        if asked.names and mutant.name not in asked.names:
            continue
        progress.print(f"{mutant.name}: {mutant.why}")
        for seed in asked.seeds:
            report = _report(mutant, seed, progress)
            if asked.reports is not None:
                asked.reports.mkdir(exist_ok=True)
                file = asked.reports / f"{mutant.name}-{seed}.json"
                file.write_bytes(report.as_json())
            counts = Counter(each.invariant for each in report.violations)
            caught = bool(mutant.caught_by & counts.keys())
            shown = ", ".join(f"{count} {invariant}" for invariant, count in counts.items())
            verdict = "[green]caught[/]" if caught else "not seen"
            table.add_row(mutant.name, str(seed), shown or "none", verdict)
            if caught:
                break
        else:
            survived = True
            table.add_row(mutant.name, "", "", "[red]survived[/]")
    Console().print(table)
    sys.exit(1 if survived else 0)


def _report(mutant: Mutant, seed: int, progress: Console) -> Report:
    plan, evidence = run(Options(seed=seed), progress.print, mutant.changes)
    return Report.of(plan.seed, evidence)


if __name__ == "__main__":
    main()
