"""The figures on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.results import Results
from benchmarks.tables import tables


def print_tables(results: Results, console: Console) -> None:
    """Medians with the least and the greatest round, and what they were measured on."""
    options = results.options
    for table in tables(results):
        shown = RichTable(title=table.title)
        for number, column in enumerate(table.columns):
            shown.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    console.print(
        f"{options.tasks:,} tasks, medians of {options.rounds} interleaved rounds"
        " (least - greatest). All tasks of all rounds were completed.",
        highlight=False,
    )
    console.print("\n".join(machine_lines(results)), highlight=False)


def machine_lines(results: Results) -> list[str]:
    """The machine, the servers and each peer's versions, a line each."""
    machine = results.machine
    servers = ", ".join(f"{name} {version}" for name, version in machine.servers.items())
    where = (
        f"{machine.date}; {machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB,"
        f" {machine.file_system}; {machine.system}; {servers};"
        f" load before the run {machine.load_before}"
    )
    lines = [where]
    for peer in results.peers:
        versions = ", ".join(f"{name} {version}" for name, version in peer.versions.items())
        lines.append(f"{peer.title}: {versions}")
    lines += [f"{title} was left out: {reason}" for title, reason in results.left_out.items()]
    return lines
