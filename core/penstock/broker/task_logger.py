"""The logger of a context: its lines go to the worker's log, and are kept with the task."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import msgspec
import structlog
from structlog.stdlib import BoundLogger

from penstock.clipping import clipped, clipped_fields
from penstock.processes.log_lines import LOGGER, plain
from penstock.secrecy import Mask

_LEVELS = {"exception": "error", "warn": "warning", "fatal": "critical", "msg": "info"}
# What every line of a task has, and its row says already.
_KNOWN = ("task_id", "task_type", "attempt")
_FORMAT: Sequence[Callable[[Any, str, MutableMapping[str, Any]], Any]] = (
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)
_log = logging.getLogger(__name__)

Keep = Callable[[str, str, msgspec.Raw], None]
"""Takes the level, the message and the fields as a JSON object."""


def task_logger(
    keep: Keep, *, level: int, most: int, mask: Mask | None = None, **bound: Any
) -> BoundLogger:
    """A logger that also hands its lines to ``keep``, on the event loop that this is called on.

    Args:
        keep: gets the lines from ``level`` on, whatever the level of the worker's log is.
        level: a number of ``logging``.
        most: the longest line in bytes; the rest is clipped.
        mask: hides secrets in what is kept.
        bound: what each line says beside.
    """
    loop = asyncio.get_running_loop()
    thread = threading.get_ident()
    mask = mask or Mask()

    def note(_: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        name = _LEVELS.get(method, method)
        if logging.getLevelNamesMapping().get(name.upper(), logging.INFO) >= level:
            try:
                kept = (name, *_kept(method, dict(line), most, mask))
                # A handler may log from threads that it starts.
                if threading.get_ident() == thread:
                    keep(*kept)
                else:
                    loop.call_soon_threadsafe(keep, *kept)
            # A log line must not fail a handler, whatever is in it.
            except Exception:  # noqa: BLE001
                _log.exception("a log line of task %s is not kept", line.get("task_id"))
        return line

    logger: BoundLogger = structlog.wrap_logger(
        None,
        processors=[note, *structlog.get_config()["processors"]],
        wrapper_class=BoundLogger,
        logger_factory_args=(LOGGER,),
    )
    return logger.bind(**bound)


def _kept(
    method: str, line: MutableMapping[str, Any], most: int, mask: Mask
) -> tuple[str, msgspec.Raw]:
    """The message of a line, and its fields as JSON."""
    for step in _FORMAT:
        line = step(None, method, line)
    message = mask(str(line.pop("event", "")))
    fields = {
        mask(str(name)): mask.within(plain(each))
        for name, each in line.items()
        if name not in _KNOWN
    }
    encoded = _json(fields)
    if len(message) * 4 + len(encoded) > most:
        cut = clipped_fields({"event": message, **fields}, most)
        message = clipped(str(cut.pop("event")), most)
        encoded = _json(cut)
    return message, msgspec.Raw(encoded)


def _json(fields: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(fields)
    except UnicodeEncodeError:
        # Half of a pair of surrogates, which no JSON in UTF-8 can hold.
        return msgspec.json.encode({ascii(name): ascii(each) for name, each in fields.items()})
