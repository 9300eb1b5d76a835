"""Suggesting what somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, prefix: str = "") -> str | None:
    """The one of ``known`` that looks most like ``name``, if any does.

    Args:
        name: as somebody wrote it.
        known: what there is.
        prefix: what all of ``known`` start with, which would make them look alike.
    """
    if not name.startswith(prefix):
        prefix = ""
    short = {each.removeprefix(prefix): each for each in known}
    found = get_close_matches(name.removeprefix(prefix), short, n=1)
    return short[found[0]] if found else None


def did_you_mean(
    name: str, known: Iterable[str], *, before: str = "", after: str = "", prefix: str = ""
) -> str:
    """``did you mean 'acme'?``, between ``before`` and ``after``; nothing if none looks like it."""
    near = nearest(name, known, prefix=prefix)
    return "" if near is None else f"{before}did you mean {near!r}?{after}"


def hint(name: str, known: Iterable[str], *, prefix: str = "", of: str = "known") -> str:
    """``did you mean 'acme'?``, or else what there is: ``known are 'acme', 'ai'``."""
    names = sorted(known)
    meant = did_you_mean(name, names, prefix=prefix)
    return meant or f"{of} are {', '.join(map(repr, names)) or 'none'}"
