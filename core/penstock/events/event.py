"""One event, and where it stands in its stream."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

_POSITION = re.compile(r"(\d{1,19})-(\d{1,19})")
_MOST = 2**63 - 1


class Position(NamedTuple):
    """A place in a stream: Redis' own id of an entry. Later entries have larger ones."""

    milliseconds: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that ``str()`` made ``text`` of.

        Raises:
            ValueError: it is none.
        """
        found = _POSITION.fullmatch(text) if text.isascii() else None
        if found is None or max(map(int, found.groups())) > _MOST:
            raise ValueError("the id of an event, like 1764129600000-0")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"


BEGINNING = Position(0, 0)
"""Before the first event of every stream."""


class Event(msgspec.Struct, frozen=True):
    """What a run said.

    Attributes:
        position: where it stands; ``None`` for a gap that was noticed when reading.
        kind: ``progress``, ``log``, ``delta`` (more of a text) or ``gap`` (some events are
            missing here).
        data: JSON, with the ``run`` that said it.
        number: how many its run had written before; ``None`` where that is not known.
    """

    position: Position | None
    kind: str
    data: bytes
    number: int | None = None


GAP = Event(None, "gap", b"{}")
"""Some events are missing here, and nobody knows how many."""
