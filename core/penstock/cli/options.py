"""Options and argument types that several commands share."""

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from penstock.declarations import Priority

F = TypeVar("F", bound=Callable[..., Any])

_DURATION = re.compile(
    r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+(\.\d+)?)s)?"
)


def json_option(function: F) -> F:
    """Add ``--json``: standard output carries one JSON document and nothing else."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON for programs; messages go to stderr."
    )(function)


def safe_mode_option(function: F) -> F:
    """Add ``--safe-mode`` to a command that loads plugins."""
    return click.option(
        "--safe-mode", is_flag=True, help="Load only the built-in plugins, as PENSTOCK_SAFE_MODE."
    )(function)


class InputText(click.ParamType[bytes]):
    """JSON as it stands, ``@file`` or ``-`` for standard input; syntax-checked."""

    name = "JSON|@FILE|-"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read the input."""
        if isinstance(value, bytes):
            return value
        text = str(value)
        if text == "-":
            source = "standard input"
            content = sys.stdin.buffer.read()
        elif text.startswith("@"):
            source = text[1:]
            try:
                content = Path(source).read_bytes()
            except OSError as error:
                self.fail(f"cannot read {source!r}: {error.strerror}", param, ctx)
        else:
            content, source = text.encode(errors="surrogateescape"), repr(text)
        try:
            msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.fail(f"expected JSON, got {source}: {error}", param, ctx)
        return content


class Duration(click.ParamType[timedelta]):
    """``30s``, ``1h30m`` or ``1d``."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read a duration."""
        if isinstance(value, timedelta):
            return value
        found = _DURATION.fullmatch(str(value))
        if not value or found is None:
            self.fail(f"expected a duration like 30s, 5m, 1h30m or 1d, got {value!r}", param, ctx)
        try:
            return timedelta(
                **{unit: float(number or 0) for unit, number in found.groupdict().items()}
            )
        except OverflowError:
            self.fail(f"expected a duration of less than a million years, got {value}", param, ctx)


class Moment(click.ParamType[datetime]):
    """A date and time as ISO 8601 has it; without an offset it is one of this machine's zone."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read a moment."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                f"expected a date and time like 2026-11-26T09:30:00+01:00, got {value!r}",
                param,
                ctx,
            )


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas in between."""

    name = "a,b"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at the commas."""
        if isinstance(value, tuple):
            return value
        names = tuple(filter(None, (each.strip() for each in str(value).split(","))))
        if not names:
            self.fail(
                f"expected names with commas in between, like ai,video, got {value!r}", param, ctx
            )
        return names


class PriorityLabel(click.ParamType[Priority]):
    """``urgent``, ``high``, ``normal`` or ``low``."""

    name = "urgent|high|normal|low"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Priority:
        """Read a priority."""
        if isinstance(value, Priority):
            return value
        try:
            return Priority.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
