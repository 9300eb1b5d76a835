"""What the engine did, from the server's own log (`instruments/` wrote it there)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from tests.chaos.evidence import Claimed

_CLAIMED = re.compile(r"<lua> chaos claimed (\S+) (\d+) ([0-9a-f]{32}) (\S+) (\S+)$")


def read_claims(lines: Iterable[str]) -> list[Claimed]:
    """Every task that was handed out."""
    return [
        Claimed(
            queue=found[1],
            at=int(found[2]) * 1000,
            task_id=UUID(found[3]),
            score=float(found[4]),
            lowest_left=None if found[5] == "-" else float(found[5]),
        )
        for line in lines
        if (found := _CLAIMED.search(line.rstrip()))
    ]
