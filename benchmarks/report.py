"""The figures for people (a table) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.measures import Phase
from benchmarks.run import Results
from benchmarks.summary import Spread, percentile

_PERCENTILES = (50, 99)


def as_json(results: Results) -> str:
    """All figures, those of each round too."""
    document = {
        "options": {**vars(results.options), "profile": None},
        "machine": results.machine,
        "summary": {
            name: {
                "tasks_per_second": Spread.of([each.per_second for each in phases]),
                "cpu_microseconds_per_task": _cpu(phases),
                "statements_per_task": _per_task(phases, _statements),
                "round_trips_per_task": _per_task(phases, _round_trips),
            }
            for name, phases in _phases(results).items()
        },
        "redis_bytes_per_waiting_task": Spread.of([each.redis_bytes for each in results.rounds]),
        "pickup_milliseconds": {
            what: {f"p{each}": percentile(values, each) for each in _PERCENTILES}
            for what, values in _latencies(results).items()
        },
        "rounds": results.rounds,
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def print_table(results: Results, console: Console) -> None:
    """The summary."""
    options, machine = results.options, results.machine
    table = Table(
        title=f"{options.tasks:,} tasks, median of {options.rounds} rounds",
        caption=f"Ledger on {options.database}, waiting for the disk. CPU: µs per task.",
    )
    phases = _phases(results)
    table.add_column("")
    for name in phases:
        table.add_column(name, justify="right")
    speeds = [Spread.of([each.per_second for each in rounds]) for rounds in phases.values()]
    cpu = [_cpu(rounds) for rounds in phases.values()]
    table.add_row("tasks/s", *(f"{speed.median:,.0f}" for speed in speeds))
    table.add_row(
        "  least - greatest", *(f"{each.least:,.0f} - {each.greatest:,.0f}" for each in speeds)
    )
    for process in dict.fromkeys(process for each in cpu for process in each):
        shown = (f"{each[process].median:.0f}" if process in each else "-" for each in cpu)
        table.add_row(f"CPU of {process}", *shown)
    for label, count in (("SQL per task", _statements), ("Redis calls per task", _round_trips)):
        figures = (f"{_per_task(rounds, count).median:.4f}" for rounds in phases.values())
        table.add_row(label, *figures)
    console.print(table)
    memory = Spread.of([each.redis_bytes for each in results.rounds])
    console.print(f"Redis memory per waiting task: {memory.median:.0f} bytes")
    for what, values in _latencies(results).items():
        latency = " / ".join(f"{percentile(values, each):.2f}" for each in _PERCENTILES)
        console.print(f"Idle queue, until {what}: p50 / p99 {latency} ms ({len(values)} tasks)")
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    console.print(
        f"{machine.date}, {machine.system}, {machine.processor}, {machine.cores} cores, "
        f"{machine.memory_gib} GiB, {machine.file_system}, load {machine.load}; {versions}",
        highlight=False,
    )


def _phases(results: Results) -> dict[str, list[Phase]]:
    return {
        "enqueue bulk": [each.bulk for each in results.rounds],
        f"enqueue {results.options.callers} callers": [each.callers for each in results.rounds],
        "drain 1 worker": [each.drain for each in results.rounds],
    }


def _cpu(phases: Sequence[Phase]) -> dict[str, Spread]:
    return {
        process: Spread.of([each.cpu_microseconds(process) for each in phases])
        for process in phases[0].cpu_seconds
    }


def _statements(phase: Phase) -> int:
    return phase.counters.statements


def _round_trips(phase: Phase) -> int:
    return phase.counters.round_trips


def _per_task(phases: Sequence[Phase], count: Callable[[Phase], int]) -> Spread:
    return Spread.of([count(each) / each.tasks for each in phases])


def _latencies(results: Results) -> dict[str, list[float]]:
    return {
        "accepted": [each.accepted for each in results.pickups],
        "started": [each.started for each in results.pickups],
    }
