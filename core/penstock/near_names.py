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


def hint(name: str, known: Iterable[str], *, prefix: str = "", of: str = "known") -> str:
    """``did you mean 'acme'?``, or else what there is: ``known are 'acme', 'ai'``."""
    names = sorted(known)
    near = nearest(name, names, prefix=prefix)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"{of} are {', '.join(map(repr, names)) or 'none'}"
