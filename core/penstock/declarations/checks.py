"""The checks that declarations share; each error names the owner, the value and the remedy."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import UnionType
from typing import Any

from penstock.declarations.errors import DeclarationError

LEAST_WEIGHT, MOST_WEIGHT = 0.01, 100
"""The smallest and the largest share of a user, where 1 is that of everybody else."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def name(value: object, *, of: str) -> None:
    """Refuse names that could not stand in a URL, a Redis key and a metric label alike."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        message = (
            f"expected the name of a {of} to be a lower-case letter followed by at most 62 of "
            f"a-z, 0-9, '_' and '-', got {value!r}"
        )
        raise DeclarationError(message)


def at_least_one(value: object, *, of: str) -> None:
    """Refuse anything but a whole number from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"expected {of} to be a whole number of at least 1, got {value!r}"
        raise DeclarationError(message)


def at_least_zero(value: object, *, of: str) -> None:
    """Refuse anything but a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        message = f"expected {of} to be a whole number of at least 0, got {value!r}"
        raise DeclarationError(message)


def positive(value: object, *, of: str) -> None:
    """Refuse anything but a duration above zero."""
    if not isinstance(value, timedelta) or value <= timedelta(0):
        message = f"expected {of} to be a timedelta above zero, got {value!r}"
        raise DeclarationError(message)


def instance(value: object, expected: type | UnionType, *, of: str, remedy: str = "") -> None:
    """Refuse a value of another type; ``remedy`` says what to do then."""
    if not isinstance(value, expected):
        wanted = getattr(expected, "__name__", str(expected))
        message = f"expected {of} to be a {wanted}, got {value!r}"
        raise DeclarationError(f"{message}; {remedy}" if remedy else message)


def function(value: object, *, of: str) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        message = f"expected {of} to be a function, got {value!r}"
        raise DeclarationError(message)


def weights(value: Mapping[Any, Any], *, of: str) -> None:
    """Refuse anything but a mapping of users to numbers within the bounds of a weight."""
    instance(value, Mapping, of=of)
    for user, weight in value.items():
        if not isinstance(user, str) or not user:
            message = f"expected {of} to name users by their ids, got {user!r}"
            raise DeclarationError(message)
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
            message = (
                f"expected the weight of user {user!r} in {of} to be a number from "
                f"{LEAST_WEIGHT} to {MOST_WEIGHT}, got {weight!r}"
            )
            raise DeclarationError(message)
