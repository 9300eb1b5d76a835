"""How the figures of several rounds become one, and one peer's are compared with another's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.client import Pickup
from benchmarks.measures import Phase
from benchmarks.results import Drain, PeerResults, Round


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of some measurements, with the least and the greatest beside it."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ``ValueError`` without a value."""
        if not values:
            raise ValueError("expected at least one measurement, got none")
        return cls(median=median(values), least=min(values), greatest=max(values))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Something that every round of every peer tells one number of."""

    key: str
    title: str
    unit: str
    digits: int
    of: Callable[[Round], float | None]
    """``None`` where a peer has none."""

    def spread(self, peer: PeerResults) -> Spread | None:
        """Over the rounds; ``None`` if the peer has no such figure."""
        values = [value for each in peer.rounds if (value := self.of(each)) is not None]
        return Spread.of(values) if values else None

    def ratio(self, peer: PeerResults, reference: PeerResults) -> float | None:
        """The peer's median by the reference's; ``None`` if one of them has none."""
        ours, theirs = self.spread(reference), self.spread(peer)
        if ours is None or theirs is None or ours.median == 0:
            return None
        return theirs.median / ours.median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` % of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("expected at least one measurement, got none")
    if not 0 < percent <= 100:  # noqa: PLR2004  (it is a percentage)
        raise ValueError(f"expected a percentage above 0 and up to 100, got {percent}")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[rank - 1]


def _first(of: Callable[[Drain], float]) -> Callable[[Round], float]:
    return lambda each: of(each.drains[0])


def _from_return(percent: float) -> Callable[[Round], float | None]:
    # A worker may be faster than the way back to the caller.
    return _latency(percent, lambda each: each.started - each.returned)


def _from_call(percent: float) -> Callable[[Round], float | None]:
    return _latency(percent, lambda each: each.started - each.called)


def _latency(
    percent: float, nanoseconds: Callable[[Pickup], int]
) -> Callable[[Round], float | None]:
    def milliseconds(of: Round) -> float | None:
        taken = [nanoseconds(each) / 1e6 for each in of.pickups]
        return percentile(taken, percent) if taken else None

    return milliseconds


def _figure(
    key: str, title: str, unit: str, of: Callable[[Round], float | None], digits: int = 0
) -> Figure:
    return Figure(key=key, title=title, unit=unit, digits=digits, of=of)


RATES = (
    _figure("bulk", "enqueue in bulk", "tasks/s", _first(lambda drain: drain.bulk.per_second)),
    _figure("callers", "enqueue by callers", "tasks/s", lambda each: each.callers.per_second),
    _figure(
        "drain", "drain by one worker", "tasks/s", _first(lambda drain: drain.phase.per_second)
    ),
)
LATENCIES = (
    _figure("return_p50", "from submit's return, p50", "ms", _from_return(50), 2),
    _figure("return_p99", "from submit's return, p99", "ms", _from_return(99), 2),
    _figure("call_p50", "from submit's call, p50", "ms", _from_call(50), 2),
    _figure("call_p99", "from submit's call, p99", "ms", _from_call(99), 2),
)
MEMORY = _figure("redis_bytes", "Redis, per waiting task", "bytes", lambda each: each.redis_bytes)
FIGURES = (*RATES, *LATENCIES, MEMORY)
"""Those that all peers are compared by."""

PHASES: tuple[tuple[str, Callable[[Round], Phase]], ...] = (
    ("enqueue in bulk", lambda each: each.drains[0].bulk),
    ("enqueue by callers", lambda each: each.callers),
    ("drain by one worker", lambda each: each.drains[0].phase),
)


def cpu(peer: PeerResults, phase: Callable[[Round], Phase]) -> dict[str, Spread]:
    """CPU microseconds per task, by the name of the process."""
    return _by_name([phase(each).cpu_microseconds for each in peer.rounds])


def counters(peer: PeerResults, phase: Callable[[Round], Phase]) -> dict[str, Spread]:
    """What the peer itself counted, per task, by name."""
    return _by_name([phase(each).counters for each in peer.rounds])


def _by_name(rounds: Sequence[dict[str, float]]) -> dict[str, Spread]:
    names = rounds[0] if rounds else {}
    return {name: Spread.of([each[name] for each in rounds]) for name in names}
