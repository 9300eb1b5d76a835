"""Durations as Redis takes them."""

from datetime import timedelta


def milliseconds(duration: timedelta) -> int:
    """``duration``, rounded to whole milliseconds."""
    return round(duration.total_seconds() * 1000)
