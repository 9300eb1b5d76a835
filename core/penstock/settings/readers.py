"""From the text of a variable to its value; each raises ``ValueError`` saying what it expects."""

import math
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from penstock.redis_url import RedisUrl

_NAMESPACE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LONGEST = timedelta(days=366)
_KEPT = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?)(?P<unit>[mhd])")
_KEPT_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST_KEPT = timedelta(days=36_600)


def text(value: str) -> str:
    """Any text."""
    return value


def key(value: str) -> str:
    """A key that can stand in an HTTP header."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("printable ASCII characters without spaces")
    return value


def namespace(value: str) -> str:
    """A prefix of Redis keys: no braces or colons, which have a meaning there."""
    if not _NAMESPACE.fullmatch(value):
        raise ValueError("a lower-case letter followed by at most 62 of a-z, 0-9, '_' and '-'")
    return value


def whole_number(*, least: int, most: int) -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``."""

    def read(value: str) -> int:
        digits = value.isascii() and value.isdigit() and len(value) <= len(str(most))
        if not digits or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return read


def seconds(*, zero: bool = False) -> Callable[[str], timedelta]:
    """A number of seconds, with a fraction if need be; zero itself only if ``zero`` says so."""

    def read(value: str) -> timedelta:
        expected = f"a number of seconds {'from' if zero else 'above'} 0, like 30 or 1.5"
        try:
            number = float(value)
        except ValueError:
            raise ValueError(expected) from None
        if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
            raise ValueError(expected)
        if number > _LONGEST.total_seconds():
            raise ValueError(f"{expected}, and at most {_LONGEST.days} days")
        return timedelta(seconds=number)

    return read


def kept(value: str) -> timedelta | None:
    """How long something is kept; ``None`` is for ever."""
    if value == "forever":
        return None
    found = _KEPT.fullmatch(value) if value.isascii() else None
    if found is not None:
        time = float(found["number"]) * _KEPT_UNITS[found["unit"]]
        # Whoever waits for an outcome looks for it now and then.
        if timedelta(minutes=1) <= time <= _LONGEST_KEPT:
            return time
    raise ValueError("a time from 1m, like 90m, 12h or 7d, or forever")


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words, in any case; read as lower case."""

    def read(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value.lower()

    return read


def redis_url(value: str) -> str:
    """A URL of one server, of Sentinels, or of nodes of a cluster."""
    RedisUrl.parse(value)
    return value


def http_url(value: str) -> str:
    """An address of the API, without a trailing slash."""
    expected = "an address like http://127.0.0.1:8000"
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        raise ValueError(expected) from None
    if not well_formed or parts.query or parts.fragment:
        raise ValueError(expected)
    return value.rstrip("/")


def boolean(value: str) -> bool:
    """``true`` or ``false``, in any case."""
    if value.lower() not in {"true", "false"}:
        raise ValueError("true or false")
    return value.lower() == "true"


def names(value: str) -> tuple[str, ...]:
    """Names with commas in between, each once."""
    found = [each.strip() for each in value.split(",")]
    if "" in found or len(set(found)) < len(found):
        raise ValueError("different names with commas in between, like ai,acme")
    return tuple(found)
