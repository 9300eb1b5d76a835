"""What the engine did, from the servers' own logs (`instruments/` wrote it there)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tests.chaos.evidence import Claimed, Enqueued

_NOTE = re.compile(r"<lua> chaos (claimed|enqueued) (\S+) (\d+) ([0-9a-f]{32})(?: (\S+) (\S+))?$")


@dataclass(frozen=True, kw_only=True)
class EngineLog:
    """All that went in and out, in order."""

    enqueued: Sequence[Enqueued]
    claims: Sequence[Claimed]


def read(paths: Iterable[Path]) -> EngineLog:
    """Read the logs of all servers that there were; they share one clock."""
    enqueued: list[Enqueued] = []
    claims: list[Claimed] = []
    for path in paths:
        with path.open(errors="replace") as lines:
            for line in lines:
                note = _read_note(line)
                if isinstance(note, Enqueued):
                    enqueued.append(note)
                elif note is not None:
                    claims.append(note)
    # Stable: what one call handed out stays in its order.
    return EngineLog(
        enqueued=sorted(enqueued, key=lambda each: each.at),
        claims=sorted(claims, key=lambda each: each.at),
    )


def _read_note(line: str) -> Enqueued | Claimed | None:
    found = _NOTE.search(line.rstrip())
    if found is None:
        return None
    what, queue, at, task_id, score, lowest_left = found.groups()
    moment = int(at) * 1000
    if what == "enqueued":
        return Enqueued(queue=queue, at=moment, task_id=UUID(task_id))
    return Claimed(
        queue=queue,
        at=moment,
        task_id=UUID(task_id),
        score=float(score),
        lowest_left=None if lowest_left == "-" else float(lowest_left),
    )
