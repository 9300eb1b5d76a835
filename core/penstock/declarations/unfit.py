"""What is wrong with a JSON text that shall be a value of some type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.declarations.errors import PenstockError


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        path: where, as ``$.field[0]``; ``$`` is the whole text. Of a member that is missing, or
            that nobody knows, the object.
        message: what.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} (at {self.path})"


class UnfitError(PenstockError, ValueError):
    """A JSON text does not fit a type. ``faults`` are all that were found, at least one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def missing(field: str) -> str:
    """What to say of an object that lacks a field: msgspec's words, whoever finds it."""
    return f"Object missing required field `{field}`"


def unknown(field: str) -> str:
    """What to say of an object with a field that nobody knows: msgspec's words, too."""
    return f"Object contains unknown field `{field}`"
