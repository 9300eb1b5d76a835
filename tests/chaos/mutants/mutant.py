"""One mutant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.build import Change


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A small, wrong change of the source.

    Attributes:
        name: in a few words, with underscores.
        why: what goes wrong with it.
        changes: what to write where.
        caught_by: the invariants one of which must see it.
    """

    name: str
    why: str
    changes: Sequence[Change]
    caught_by: frozenset[str]
