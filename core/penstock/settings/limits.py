"""From the text of a variable to a limit of whatever plugins declare; ``none`` takes one away.

Each raises ``ValueError`` saying what it expects, as :mod:`penstock.settings.readers` do.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from penstock.declarations import RateLimit, UnitLimit
from penstock.declarations.task_type import LEAST_MAX_MEMORY
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
_TIME = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smhd]))+", re.ASCII)
_TIME_PART = re.compile(r"([\d.]+)(ms|[smhd])")
_TIME_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_SIZE = re.compile(r"(\d{1,15})\s*(|kB|MB|GB|KiB|MiB|GiB)", re.ASCII)
_SIZE_UNITS = {
    "": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}


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


def number(*, least: float, most: float) -> Callable[[str], float]:
    """A number from ``least`` to ``most``, with a fraction if need be."""

    def read(value: str) -> float:
        try:
            found = float(value) if value.isascii() else math.nan
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return found

    return read


def duration(value: str) -> timedelta:
    """A time with its unit, or with several: ``1m30s``."""
    if _TIME.fullmatch(value):
        parts = _TIME_PART.findall(value)
        time = sum((float(part) * _TIME_UNITS[unit] for part, unit in parts), timedelta())
        if timedelta(milliseconds=1) <= time <= timedelta(seconds=_LONGEST):
            return time
    raise ValueError("a time with its unit, from 1ms to 366d, like 500ms, 30s, 5m or 1h30m")


def optional_duration(value: str) -> timedelta | None:
    """The same, or none."""
    if value == "none":
        return None
    try:
        return duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or none") from None


def memory(value: str) -> int | None:
    """What a process may have, in bytes."""
    if value == "none":
        return None
    found = _SIZE.fullmatch(value)
    size = int(found[1]) * _SIZE_UNITS[found[2]] if found else 0
    if size < LEAST_MAX_MEMORY:
        least = LEAST_MAX_MEMORY >> 20
        raise ValueError(f"a size from {least}MiB, like 512MiB, 2GiB or 2000000000, or none")
    return size


def size(value: int) -> str:
    """In the largest unit of which it is a whole number."""
    units = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
    unit = next((each for each in units if value and not value % each[1]), ("", 1))
    return f"{value // unit[1]}{unit[0]}"


def time(value: timedelta) -> str:
    """In as many units as it takes: ``1h30m``, ``500ms``."""
    parts, rest = [], value
    for unit, length in _TIME_UNITS.items():
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    if rest:
        # Less than a millisecond is left.
        return f"{value.total_seconds():.6f}".rstrip("0") + "s"
    return "".join(parts) or "0s"


def text(value: object) -> str:
    """What one would write into a variable for it."""
    match value:
        case None:
            found = "none"
        case bool():
            found = str(value).lower()
        case timedelta():
            found = time(value)
        case float():
            found = repr(value).removesuffix(".0")
        case RateLimit():
            found = f"{value.limit}/{_period(value.period)}"
        case UnitLimit():
            burst = "" if value.burst is None else f"/{value.burst}"
            found = f"{value.limit}/{_period(value.period)}{burst}"
        case Mapping():
            found = ",".join(f"{name}={each:g}" for name, each in value.items()) or "none"
        case _:
            found = str(value)
    return found


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
