"""What whoever follows tasks hears over a queue's channel: which of them have news.

A hint and no more: what the news is, the ledger and the task's stream say. So nothing depends on
its being heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

_ID_LENGTH = 16
# The script of a claim says the same; see say_changed in prelude.lua.
_SIGNS: dict[str, bytes] = {"status": b"s", "events": b"e"}
_KINDS = {sign: kind for kind, sign in _SIGNS.items()}


class Change(NamedTuple):
    """Some tasks have news, or (``None``) perhaps all: what was said before may have been missed.

    ``ids`` are the 16 bytes of each.
    """

    kind: Literal["status", "events"] | None
    ids: Sequence[bytes]


EVERYTHING = Change(None, ())


def encode(kind: Literal["status", "events"], ids: Iterable[UUID]) -> bytes:
    """``kind`` as a letter, then the ids."""
    return _SIGNS[kind] + b"".join(each.bytes for each in ids)


def decode(message: bytes) -> Change:
    """What :meth:`encode` made ``message`` of; of a newer version's, that anything may be new."""
    kind = _KINDS.get(message[:1])
    if kind is None:
        return EVERYTHING
    ids = [message[i : i + _ID_LENGTH] for i in range(1, len(message), _ID_LENGTH)]
    return Change(kind, ids)  # type: ignore[arg-type]
