"""Finding where in a JSON text a fault is, so that the error can name the field.

Slow and thorough: only texts that are already known to be faulty come here. The standard library
reads what msgspec refuses (NaN, lone surrogates, numbers beyond bounds), and so can point at it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from penstock.declarations.places import join, shown

__all__ = ["explain", "join", "locate", "shown"]


class _Unreadable:
    """Stands in the place of a number that is none, and says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def locate(value: object, is_faulty: Callable[[object], bool]) -> str | None:
    """The path of the first key or scalar that ``is_faulty``, as ``$.input.lines[0]``."""
    waiting: list[tuple[str, object]] = [("$", value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, dict):
            children = [(join(path, key), key, child) for key, child in each.items()]
            for child_path, key, _ in children:
                if is_faulty(key):
                    return child_path
            waiting += [(child_path, child) for child_path, _, child in reversed(children)]
        elif isinstance(each, list):
            waiting += [(f"{path}[{index}]", child) for index, child in enumerate(each)][::-1]
        elif is_faulty(each):
            return path
    return None


def explain(text: str) -> tuple[str, str]:
    """Where a text that msgspec refuses is at fault (a path, or ``$``), and what is wrong."""
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_int=_integer, parse_float=_fraction
        )
    except json.JSONDecodeError as error:
        message = f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        return "$", message
    if path := locate(value, lambda each: isinstance(each, _Unreadable)):
        return path, _reason_at(value, path)
    if path := locate(value, _has_lone_surrogate):
        return path, "a string holds half of a surrogate pair, which is no character"
    return "$", "not valid JSON"


def _reason_at(value: object, path: str) -> str:
    found: list[str] = []

    def collect(each: object) -> bool:
        if isinstance(each, _Unreadable):
            found.append(each.reason)
            return True
        return False

    locate(value, collect)
    return found[0] if found else f"not valid JSON at {path}"


def _has_lone_surrogate(value: object) -> bool:
    return isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value)


def _constant(name: str) -> Any:
    return _Unreadable(f"{name} is no JSON number")


def _integer(digits: str) -> Any:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return _Unreadable(f"a number of {len(digits)} digits is too large")


def _fraction(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else _Unreadable(f"{shown(digits)} is too large")
