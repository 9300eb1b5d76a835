"""What a run's tables say, row by row: for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peer import REFERENCE
from benchmarks.results import PeerResults, Results
from benchmarks.summary import (
    FIGURES,
    LATENCIES,
    MEMORY,
    PHASES,
    RATES,
    Figure,
    Spread,
    counters,
    cpu,
)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns; the first column names the row."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def tables(results: Results) -> list[Table]:
    """All that a run has figures for."""
    found = [
        _figures("Throughput, tasks per second", results, RATES),
        _ratios(results),
        _figures("Pick-up latency on an idle queue, milliseconds", results, LATENCIES),
        _figures("Memory, bytes", results, (MEMORY,)),
        _cpu(results),
        _counters(results),
        _drains(results),
    ]
    return [each for each in found if each.rows]


def reference(results: Results) -> PeerResults | None:
    """The peer that the others are compared with, if it was measured."""
    return next((each for each in results.peers if each.name == REFERENCE), None)


def _figures(title: str, results: Results, figures: Sequence[Figure]) -> Table:
    rows = []
    for peer in results.peers:
        spreads = [(each, each.spread(peer)) for each in figures]
        rows.append([peer.title, *(_with_spread(spread, each.digits) for each, spread in spreads)])
    return Table(title=title, columns=["", *(each.title for each in figures)], rows=rows)


def _ratios(results: Results) -> Table:
    ours = reference(results)
    others = [each for each in results.peers if each.name != REFERENCE]
    shown = [each for each in FIGURES if not each.key.startswith("call_")]
    rows = []
    if ours is not None:
        for peer in others:
            ratios = [each.ratio(peer, ours) for each in shown]
            rows.append([peer.title, *("-" if each is None else f"{each:.2f}" for each in ratios)])
    return Table(
        title="Ratios of medians: the peer's by Penstock's",
        columns=["", *(f"{each.title} ({each.unit})" for each in shown)],
        rows=rows,
    )


def _cpu(results: Results) -> Table:
    rows = []
    columns = ["client", "worker", "Redis", "PostgreSQL"]
    for title, phase in PHASES:
        for peer in results.peers:
            used = cpu(peer, phase)
            cells = [f"{used[each].median:.0f}" if each in used else "-" for each in columns]
            rows.append([f"{peer.title}: {title}", *cells])
    return Table(
        title="CPU microseconds per task, with the process's children",
        columns=["", *columns],
        rows=rows,
    )


def _counters(results: Results) -> Table:
    rows = []
    for peer in results.peers:
        for title, phase in PHASES:
            for name, spread in counters(peer, phase).items():
                rows.append([f"{peer.title}: {title}", name, f"{spread.median:.4f}"])
    return Table(
        title="Counted by the peer itself, per task", columns=["", "what", "per task"], rows=rows
    )


def _drains(results: Results) -> Table:
    """Of the other backlogs and numbers of workers, if there were any."""
    rows = []
    for peer in results.peers:
        for number, first in enumerate(peer.rounds[0].drains[1:] if peer.rounds else [], 1):
            drains = [each.drains[number] for each in peer.rounds]
            bulk = Spread.of([each.bulk.per_second for each in drains])
            rate = Spread.of([each.phase.per_second for each in drains])
            taken = [each.redis_bytes for each in drains if each.redis_bytes is not None]
            rows.append(
                [
                    peer.title,
                    f"{first.backlog:,}",
                    str(first.workers),
                    _with_spread(bulk, 0),
                    _with_spread(rate, 0),
                    _with_spread(Spread.of(taken) if taken else None, 0),
                ]
            )
    return Table(
        title="Other backlogs and numbers of worker processes",
        columns=["", "backlog", "workers", "enqueue in bulk, /s", "drain, /s", "Redis bytes"],
        rows=rows,
    )


def _with_spread(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    median, least, greatest = (
        f"{each:,.{digits}f}" for each in (spread.median, spread.least, spread.greatest)
    )
    return f"{median} ({least} - {greatest})"
