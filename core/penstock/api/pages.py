"""Lists in pages: which page is asked for, and how it is answered."""

from __future__ import annotations

from typing import Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from litestar import Request

from penstock.api import cursors
from penstock.api.fields import Fault, Values, read_query
from penstock.api.json_faults import shown

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
PAGE_FIELDS = ("limit", "cursor")
_LONGEST_NUMBER = 9

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of a list; ``next`` is the ``cursor`` of the page that follows, if one does."""

    success: Literal[True] = True
    data: list[T]
    next: str | None


class Wanted(NamedTuple):
    """Which page: at most ``limit`` beyond the id ``cursor``, from the beginning if that is None.

    Beyond is below it where the newest come first, as nearly everywhere.
    """

    limit: int
    cursor: UUID | None


def read_page(
    request: Request[Any, Any, Any], *, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT
) -> Wanted:
    """The page in a request's query, which says nothing else.

    Args:
        request: the request.
        default: the ``limit`` that is left out.
        most: how high it may be.

    Raises:
        Problem: naming every parameter that is wrong, and what to do about each.
    """
    values = Values(read_query(request), PAGE_FIELDS)
    wanted = page_in(values, default=default, most=most)
    values.check()
    return wanted


def page_in(values: Values, *, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> Wanted:
    """The page among what else was said; what is wrong with it is gathered there."""
    limit = values.read("limit", lambda text: _limit(text, most))
    return Wanted(limit or default, values.read("cursor", _cursor))


def _limit(text: str, most: int) -> int:
    short = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    number = int(text) if short else 0
    if not 1 <= number <= most:
        message = f"expected a whole number from 1 to {most}, got {shown(text)}"
        raise Fault(message, "correct it, or leave it out")
    return number


def _cursor(text: str) -> UUID:
    try:
        return cursors.decode(text)
    except ValueError as error:
        message = f"expected the 'next' of an answer, got {shown(text)}"
        remedy = "send it as it was answered, or leave it out to begin anew"
        raise Fault(message, remedy) from error
