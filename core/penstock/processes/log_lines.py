"""Lines that a process logs, on their way to the worker's log."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.clipping import clipped_fields
from penstock.processes import frames
from penstock.processes.channel import Channel

LOGGER = "penstock.task"
"""Whose lines those are that handlers write by ``ctx.log``."""


def send_line(
    channel: Channel, *, logger: str | None, level: int, event: str, fields: dict[str, Any]
) -> None:
    """Send a line, clipped to what the worker writes; see :class:`~.frames.LogLine`."""
    most = channel.limits.log_line
    line = frames.LogLine(logger=logger, level=level, event=event, fields=fields)
    if len(frames.encode(line)) > most:
        kept = clipped_fields({"event": event, **fields}, most)
        line = frames.LogLine(logger=logger, level=level, event=kept.pop("event"), fields=kept)
    channel.send(line)


def plain(value: Any) -> Any:
    """A field of a line as JSON and msgpack can hold it; everything else as its ``repr``."""
    try:
        return msgspec.to_builtins(value, enc_hook=repr, str_keys=True)
    except Exception:  # noqa: BLE001  (a log line must not fail a handler, whatever is in it)
        return f"<{type(value).__name__} that cannot be shown>"
