"""How log lines look: one set-up for structlog's loggers and for the standard library's."""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor

# They tell at length, and at level info, what is only worth knowing when something is wrong.
_TALKATIVE = ("alembic", "httpx", "taskiq")


def configure(
    log_format: Literal["console", "json"], level: str, *, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to one stream, in one format.

    Call it once, at the start of a process; a second call replaces the first.

    Args:
        log_format: ``console`` for people, with colours on a terminal (``NO_COLOR`` and
            ``FORCE_COLOR`` are honoured); ``json`` for programs, one object per line with
            ``timestamp`` (UTC), ``level``, ``logger`` and ``event``.
        level: the least important level that is written: ``debug`` to ``critical``.
        stream: standard error if left out.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_colour_codes,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    final: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        final += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        final += [
            _short_time,
            structlog.dev.ConsoleRenderer(
                colors=_colours(stream),
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final)
    )
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        quiet = logging.WARNING if level == "info" else logging.NOTSET
        logging.getLogger(name).setLevel(quiet)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _short_time(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # People watch the last minute, not the last year: the time of day is enough.
    event["timestamp"] = event["timestamp"][11:19]
    return event


def _without_colour_codes(
    _: object, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    # uvicorn says everything twice, the second time with terminal codes.
    event.pop("color_message", None)
    return event


def _colours(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()
