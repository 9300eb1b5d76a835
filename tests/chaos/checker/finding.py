"""What a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.checker.circumstances import Circumstances


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a promise rules out, with what proves it."""

    message: str
    proof: Sequence[object] = ()
    """Whose texts a reader needs: rows, transitions, executions, faults."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A finding, and the invariant that it breaks."""

    invariant: str
    message: str
    proof: Sequence[str]


Check = Callable[[Circumstances], Iterator[Finding]]
