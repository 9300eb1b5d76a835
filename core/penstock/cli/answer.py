"""What all that the API says has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Self, TypeVar

import msgspec


class Answer(msgspec.Struct, kw_only=True):
    """Something that the API says. ``document`` is all of it, as received."""

    document: msgspec.Raw = msgspec.Raw(b"null")

    @classmethod
    def read(cls, document: bytes | msgspec.Raw) -> Self:
        """What ``document`` says.

        Raises:
            msgspec.DecodeError: it is something else.
        """
        found = msgspec.json.decode(document, type=cls)
        found.document = msgspec.Raw(document)
        return found


A = TypeVar("A", bound=Answer)


class Page(NamedTuple, Generic[A]):
    """Part of a list; ``next`` is the cursor of the following part, if there is one."""

    items: Sequence[A]
    next: str | None


def newest(page_of: Callable[[int, str | None], Page[A]], *, limit: int, page: int) -> Page[A]:
    """As many as ``limit``, from as many pages as it takes.

    Args:
        page_of: asks for so many at most, behind a cursor.
        limit: how many at most.
        page: how many of them at once.
    """
    found: list[A] = []
    cursor: str | None = None
    while len(found) < limit:
        some, cursor = page_of(min(limit - len(found), page), cursor)
        found += some
        if cursor is None:
            break
    return Page(found, cursor)
