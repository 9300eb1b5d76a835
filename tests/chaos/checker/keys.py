"""What is left in Redis when nothing is left to do."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.engine.keys import QueueKeys
from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.world import NAMESPACE

_FOR_EVER = -1
# What a queue keeps without a task: which index it is, the next ticket, the last sign of a worker.
_BOOKKEEPING = ("epoch", "seq", "seen")
_FIELDS = tuple(name for name in _BOOKKEEPING if name in QueueKeys._fields)


def nothing_is_left_behind(circumstances: Circumstances) -> Iterator[Finding]:
    """Every key is bookkeeping of a queue, or goes away by itself."""
    if not circumstances.evidence.drained:
        return
    for each in circumstances.evidence.leftovers:
        prefix, _, field = each.name.rpartition("}:")
        bookkeeping = prefix.startswith(f"{NAMESPACE}:{{") and field in _FIELDS
        if each.seconds == _FOR_EVER and not bookkeeping:
            yield Finding(
                message=f"key {each.name} ({each.kind} of {each.size}) is left, and stays",
                proof=[each],
            )
