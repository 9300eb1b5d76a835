"""What a run measured: kept as JSON, and the only thing that tables, page and plots are made of."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.client import Pickup
from benchmarks.measures import Phase
from benchmarks.options import Options


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """A backlog that was enqueued in bulk, and what workers did with it."""

    backlog: int
    workers: int
    bulk: Phase
    redis_bytes: float | None
    """Per waiting task. With the client connected: of worth for large backlogs only."""
    phase: Phase


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Everything once with one peer, on empty servers."""

    callers: Phase
    redis_bytes: float | None
    """Per waiting task; ``None`` without a Redis."""
    drains: list[Drain]
    """The first one is of ``--tasks`` tasks and the first number of ``--workers``."""
    pickups: list[Pickup]
    """None of a peer that cannot tell."""


class PeerResults(msgspec.Struct, kw_only=True):
    """All rounds of one peer."""

    name: str
    title: str
    settings: str
    versions: dict[str, str]
    rounds: list[Round] = []


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, and the servers on it."""

    date: str
    system: str
    processor: str
    cores: int
    memory_gib: float
    file_system: str
    """Of the servers' data."""
    load_before: float
    """Average over the minute before the run: what else was going on."""
    servers: dict[str, str]
    """Versions by name."""


class Results(msgspec.Struct, kw_only=True):
    """A whole run."""

    options: Options
    machine: Machine
    peers: list[PeerResults]
    left_out: dict[str, str]
    """Titles of peers that were asked for and not measured, with the reason."""


def read(file: Path) -> Results:
    """Read what :func:`as_json` wrote."""
    return msgspec.json.decode(file.read_bytes(), type=Results)


def as_json(results: Results) -> str:
    """All figures of each round."""
    return msgspec.json.encode(results).decode() + "\n"
