"""When something happens again and again: by a cron expression, or at intervals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from penstock.declarations.errors import DeclarationError

SHORTEST_INTERVAL = timedelta(milliseconds=100)
LONGEST_INTERVAL = timedelta(days=366)
MAX_CRON_LENGTH = 255
MAX_ZONE_LENGTH = 63
_CRON_FIELDS = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """The instants of a schedule: an endless sequence that is the same in every process.

    ``cron`` is what Debian's cron takes: minute, hour, day of the month, month, day of the week,
    in the time of ``timezone``. When clocks change, it does what Debian's cron does:

    - Where neither minute nor hour begins with ``*`` (``30 2 * * *``), each time that is named has
      one instant a day. One that is left out when clocks go forward comes at the end of the gap
      (03:00); one that comes twice when they go back counts the first time.
    - Otherwise (``*/15 * * * *``, ``30 * * * *``) it follows the clock on the wall: nothing in the
      gap, and everything twice in the hour that comes twice.

    ``every`` is absolute time, whatever clocks do: the multiples of it since 1970-01-01 00:00 UTC.
    An interval of ten minutes falls on :00, :10 and so on, wherever and whenever it was declared.

    Raises:
        DeclarationError: neither or both are given, or one that cannot be honoured.
    """

    cron: str | None = None
    every: timedelta | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        check_zone(self.timezone)
        if (self.cron is None) == (self.every is None):
            got = "neither" if self.cron is None else "both"
            message = f"expected one of cron and every, got {got}"
            raise DeclarationError(message)
        if self.cron is not None:
            check_cron(self.cron)
        if self.every is not None:
            check_interval(self.every)

    def next_after(self, moment: datetime) -> datetime:
        """The first instant that is later than ``moment``, in UTC."""
        if self.every is not None:
            passed = (moment - _EPOCH) // self.every
            return _EPOCH + (passed + 1) * self.every
        sequence = CronSim(self.cron or "", moment.astimezone(ZoneInfo(self.timezone)))
        while (instant := next(sequence).astimezone(UTC)) <= moment:
            # In the second of two equal hours it begins with the times of the first.
            pass
        return instant

    def next_from(self, moment: datetime) -> datetime:
        """The first instant that is not earlier than ``moment``, in UTC."""
        return self.next_after(moment - _MICROSECOND)


def check_cron(text: object) -> None:
    """Refuse anything but a cron expression that has an instant.

    Raises:
        DeclarationError: saying what is wrong with it.
    """
    wanted = "a cron expression of five fields, like '0 3 * * *'"
    if not isinstance(text, str) or len(text) > MAX_CRON_LENGTH:
        message = f"expected {wanted}, got {text!r}"
        raise DeclarationError(message)
    if len(text.split()) != _CRON_FIELDS:
        message = (
            f"expected {wanted} (minute, hour, day of the month, month, day of the week), got "
            f"{text!r}; for seconds, give an interval"
        )
        raise DeclarationError(message)
    try:
        next(CronSim(text, datetime.now(UTC)))
    # What it is not prepared for, like the last day in a list, it meets with an assertion.
    except (CronSimError, AssertionError, ValueError, TypeError) as error:
        message = f"expected {wanted}, got {text!r}: {str(error).lower() or 'not readable'}"
        raise DeclarationError(message) from error
    except (StopIteration, OverflowError) as error:
        message = f"expected a cron expression that has an instant, got {text!r}, which has none"
        raise DeclarationError(message) from error


def check_interval(value: object) -> None:
    """Refuse anything but a duration that a schedule can keep to.

    Raises:
        DeclarationError: naming the bounds.
    """
    if not isinstance(value, timedelta) or not SHORTEST_INTERVAL <= value <= LONGEST_INTERVAL:
        message = (
            f"expected an interval from {SHORTEST_INTERVAL.total_seconds()} s to "
            f"{LONGEST_INTERVAL.days} days, got {value!r}"
        )
        raise DeclarationError(message)


def check_zone(name: object) -> None:
    """Refuse anything but the name of an IANA time zone.

    Raises:
        DeclarationError: with the value.
    """
    if not isinstance(name, str) or len(name) > MAX_ZONE_LENGTH or not _is_zone(name):
        message = f"expected the name of an IANA time zone, like 'Europe/Zurich', got {name!r}"
        raise DeclarationError(message)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # Besides its own error, it lets through what the file system says of a name.
    except (KeyError, ValueError, OSError):
        return False
    return True
