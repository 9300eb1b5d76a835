"""Lists in pages, newest first: which page is asked for, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from litestar import Request

from penstock.api import cursors
from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, invalid_request
from penstock.api.submission import unknown_field

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_FIELDS = ("limit", "cursor")
_LONGEST_NUMBER = 9

R = TypeVar("R")
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of a list; ``next`` is the ``cursor`` of the page that follows, if one does."""

    success: Literal[True] = True
    data: list[T]
    next: str | None


class Wanted(NamedTuple):
    """Which page: at most ``limit`` with ids below ``before``."""

    limit: int
    before: UUID | None


def read_page(request: Request[Any, Any, Any]) -> Wanted:
    """The page in a request's query.

    Raises:
        Problem: naming every parameter that is wrong, and what to do about each.
    """
    given = dict(request.query_params)
    errors = [unknown_field(name, _FIELDS) for name in given if name not in _FIELDS]
    text = str(given.get("limit", DEFAULT_LIMIT))
    short = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    limit = int(text) if short else 0
    if not 1 <= limit <= MAX_LIMIT:
        message = f"expected a whole number from 1 to {MAX_LIMIT}, got {shown(text)}"
        errors.append(FieldError("$.limit", message, "correct it, or leave it out"))
    before = None
    if "cursor" in given:
        try:
            before = cursors.decode(given["cursor"])
        except ValueError:
            message = f"expected the 'next' of an answer, got {shown(given['cursor'])}"
            remedy = "send it as it was answered, or leave it out to begin anew"
            errors.append(FieldError("$.cursor", message, remedy))
    if errors:
        raise invalid_request(errors)
    return Wanted(limit, before)


def page_of(
    found: Sequence[R], wanted: Wanted, *, view: Callable[[R], T], id_of: Callable[[R], UUID]
) -> Page[T]:
    """The answer with ``found``, of which one more was looked for than is wanted."""
    shown_ones = found[: wanted.limit]
    more = len(found) > wanted.limit
    return Page(
        data=[view(each) for each in shown_ones],
        next=cursors.encode(id_of(shown_ones[-1])) if more else None,
    )
