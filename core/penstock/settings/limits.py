"""From the text of a variable to a limit of a queue or a provider; ``none`` takes one away.

Each raises ``ValueError`` saying what it expects, as :mod:`penstock.settings.readers` do.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from penstock.declarations import RateLimit, UnitLimit
from penstock.settings import readers

MOST = 1_000_000
"""The largest number of a limit; of units, a thousand times as many."""
_MOST_UNITS = 1_000 * MOST
_SHORTEST = timedelta(milliseconds=1).total_seconds()
_LONGEST = timedelta(days=366).total_seconds()
_PER_TIME = re.compile(
    r"(?P<limit>[1-9]\d{0,9})/(?P<number>\d{1,9}(?:\.\d{1,9})?)(?P<unit>ms|s|m|h)"
    r"(?:/(?P<burst>[1-9]\d{0,9}))?"
)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def limit(value: str) -> int | None:
    """A whole number from 1."""
    if value == "none":
        return None
    try:
        return readers.whole_number(least=1, most=MOST)(value)
    except ValueError as error:
        raise ValueError(f"{error}, or none") from None


def rate_limit(value: str) -> RateLimit | None:
    """Starts per time."""
    if value == "none":
        return None
    found = _per_time(value, most=MOST)
    if found is None or found[2] is not None:
        raise ValueError("a number of starts per time, like 10/1s, 100/1m or 5/500ms, or none")
    return RateLimit(limit=found[0], period=found[1])


def unit_limit(value: str) -> UnitLimit | None:
    """Units per time, and perhaps a burst."""
    if value == "none":
        return None
    found = _per_time(value, most=_MOST_UNITS)
    if found is None:
        raise ValueError(
            "a number of units per time, like 90000/1m, or with how many may be used at once, "
            "like 90000/1m/15000, or none"
        )
    return UnitLimit(limit=found[0], period=found[1], burst=found[2])


def text(value: object) -> str:
    """What one would write into a variable for it."""
    match value:
        case None:
            return "none"
        case RateLimit():
            return f"{value.limit}/{_period(value.period)}"
        case UnitLimit():
            burst = "" if value.burst is None else f"/{value.burst}"
            return f"{value.limit}/{_period(value.period)}{burst}"
        case Mapping():
            return ",".join(f"{name}={each:g}" for name, each in value.items()) or "none"
    return str(value)


def _period(period: timedelta) -> str:
    """In the largest unit of which it is a whole number, or else in the largest that it exceeds."""
    seconds = period.total_seconds()
    unit = next((each for each in ("h", "m", "s") if not seconds % _UNITS[each]), None)
    unit = unit or ("s" if seconds > 1 else "ms")
    return f"{seconds / _UNITS[unit]:.6f}".rstrip("0").rstrip(".") + unit


def _per_time(value: str, *, most: int) -> tuple[int, timedelta, int | None] | None:
    """How many, in which time, and the burst; nothing if ``value`` does not say that."""
    found = _PER_TIME.fullmatch(value) if value.isascii() else None
    if found is None:
        return None
    seconds = float(found["number"]) * _UNITS[found["unit"]]
    burst = None if found["burst"] is None else int(found["burst"])
    if not _SHORTEST <= seconds <= _LONGEST or max(int(found["limit"]), burst or 1) > most:
        return None
    return int(found["limit"]), timedelta(seconds=seconds), burst
