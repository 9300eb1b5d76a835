"""Suggesting what somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], *, before: str = "", after: str = "") -> str:
    """``did you mean 'acme'?``, between ``before`` and ``after``; nothing if none looks like it."""
    near = get_close_matches(name, list(known), n=1)
    return f"{before}did you mean {near[0]!r}?{after}" if near else ""
