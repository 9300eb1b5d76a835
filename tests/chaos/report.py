"""What a run came to, for people (tables) and for programs (JSON)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from statistics import median

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.chaos.checker import INVARIANTS, Circumstances, Violation, check
from tests.chaos.checker.index import stale_claims, why_stale
from tests.chaos.checker.recovery import by_fault, recoveries
from tests.chaos.checker.runs import cause
from tests.chaos.evidence import SECOND, Evidence

_SHOWN = 3
"""How many violations of one invariant are printed in full; all of them are in the JSON."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How long something took, in seconds."""

    count: int
    least: float
    median: float
    p95: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of sorted values, at least one."""
        return cls(
            count=len(values),
            least=values[0],
            median=median(values),
            p95=values[round(0.95 * (len(values) - 1))],
            greatest=values[-1],
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """The figures of one run."""

    seed: int
    seconds: float
    """From the first post to the last outcome."""
    tasks: Mapping[str, Mapping[str, int]]
    """By type, and by outcome or error code."""
    posts: Mapping[str, int]
    """By the status of the answer."""
    faults: Mapping[str, int]
    executions: int
    runs: Mapping[str, int]
    """By what made them necessary."""
    stale_claims: Mapping[str, int]
    """Ended tasks that the engine handed out and the start gate refused, by the reason."""
    recovery: Mapping[str, Spread]
    violations: Sequence[Violation]

    @classmethod
    def of(cls, seed: int, evidence: Evidence) -> Report:
        """Look at everything."""
        circumstances = Circumstances(evidence)
        rows = evidence.rows.values()
        tasks = {
            kind: dict(
                Counter(each.error_code or each.status for each in rows if each.type == kind)
            )
            for kind in sorted({each.type for each in rows})
        }
        began = min((each.began for each in evidence.posts), default=0)
        ended = max((each.finished or 0 for each in rows), default=0)
        return cls(
            seed=seed,
            seconds=max(0, ended - began) / SECOND,
            tasks=tasks,
            posts=dict(Counter(_answer(each.status) for each in evidence.posts)),
            faults=dict(Counter(each.kind for each in evidence.faults)),
            executions=sum(map(len, evidence.executions.values())),
            runs=dict(
                Counter(
                    cause(circumstances, gate) or "no reason"
                    for task_id in evidence.transitions
                    for gate in circumstances.gates(task_id)
                )
            ),
            stale_claims=dict(
                Counter(
                    why_stale(circumstances, *each) or "no reason"
                    for each in stale_claims(circumstances)
                )
            ),
            recovery={
                fault: Spread.of(seconds)
                for fault, seconds in by_fault(list(recoveries(circumstances))).items()
            },
            violations=check(evidence),
        )

    def as_json(self) -> bytes:
        """All of it."""
        return msgspec.json.format(msgspec.json.encode(self))

    def print(self, console: Console) -> None:
        """The figures, and the first violations of each invariant."""
        console.print(_counts("Tasks", ("type", "outcomes"), _outcomes(self.tasks)))
        console.print(_counts("Posts", ("answer", "count"), self.posts))
        console.print(_counts("Faults", ("kind", "count"), self.faults))
        console.print(_counts("Runs", ("why", "count"), self.runs))
        if self.stale_claims:
            console.print(_counts("Refused at the gate", ("why", "count"), self.stale_claims))
        console.print(self._recovery())
        console.print(
            f"seed {self.seed}: {sum(self.runs.values())} runs, {self.executions} executions, "
            f"{self.seconds:.1f} s from the first post to the last outcome",
            highlight=False,
        )
        self._print_violations(console)

    def _recovery(self) -> Table:
        table = Table(title="Seconds until things went on")
        for column in ("after", "count", "min", "median", "p95", "max"):
            table.add_column(column, justify="left" if column == "after" else "right")
        for fault, each in sorted(self.recovery.items()):
            figures = (each.least, each.median, each.p95, each.greatest)
            table.add_row(fault, str(each.count), *(f"{figure:.2f}" for figure in figures))
        return table

    def _print_violations(self, console: Console) -> None:
        counts = Counter(each.invariant for each in self.violations)
        if not counts:
            console.print(f"All {len(INVARIANTS)} invariants hold.", style="green")
            return
        console.print(_counts("Violations", ("invariant", "count"), counts))
        for invariant in counts:
            of_this = [each for each in self.violations if each.invariant == invariant]
            for violation in of_this[:_SHOWN]:
                console.print(f"\n[red]{invariant}[/]: {escape(violation.message)}")
                for line in violation.proof:
                    console.print(f"    {escape(line)}", highlight=False, soft_wrap=True)


def _answer(status: int | None) -> str:
    return "none" if status is None else f"{status} {HTTPStatus(status).phrase}"


def _outcomes(tasks: Mapping[str, Mapping[str, int]]) -> Mapping[str, str]:
    return {
        kind: ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        for kind, outcomes in tasks.items()
    }


def _counts(title: str, columns: tuple[str, str], rows: Mapping[str, object]) -> Table:
    table = Table(title=title)
    table.add_column(columns[0])
    table.add_column(columns[1], justify="right")
    for name, value in sorted(rows.items()):
        table.add_row(name, str(value))
    return table
