"""What the engine did, from the servers' own logs (`instruments/` wrote it there)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tests.chaos.evidence import Claimed, Enqueued, Refused

_NOTE = re.compile(
    r"<lua> chaos (claimed|enqueued|filled|refused) (\S+) (\d+) ([0-9a-f]{32})[0-9a-f]*"
    r"(?: (\S+) (\S+))?$"
)


@dataclass(frozen=True, kw_only=True)
class EngineLog:
    """All that went in and out, in order."""

    enqueued: Sequence[Enqueued]
    claims: Sequence[Claimed]
    refused: Sequence[Refused]


def read(paths: Iterable[Path]) -> EngineLog:
    """Read the logs of all servers that there were; they share one clock."""
    notes: list[Enqueued | Claimed | Refused] = []
    for path in paths:
        with path.open(errors="replace") as lines:
            notes += filter(None, map(_read_note, lines))
    # Stable: what one call handed out stays in its order.
    notes.sort(key=lambda each: each.at)
    return EngineLog(
        enqueued=[each for each in notes if isinstance(each, Enqueued)],
        claims=[each for each in notes if isinstance(each, Claimed)],
        refused=[each for each in notes if isinstance(each, Refused)],
    )


def _read_note(line: str) -> Enqueued | Claimed | Refused | None:
    found = _NOTE.search(line.rstrip())
    if found is None:
        return None
    what, queue, moment, hexadecimal, score, lowest_left = found.groups()
    at, task_id = int(moment) * 1000, UUID(hexadecimal)
    if what == "refused":
        return Refused(queue=queue, at=at, task_id=task_id)
    if what != "claimed":
        return Enqueued(queue=queue, at=at, task_id=task_id, building=what == "filled")
    return Claimed(
        queue=queue,
        at=at,
        task_id=task_id,
        score=float(score),
        lowest_left=None if lowest_left == "-" else float(lowest_left),
    )
