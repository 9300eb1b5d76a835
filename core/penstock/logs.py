"""How log lines look: one set-up for structlog's loggers and for the standard library's."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, MutableMapping
from contextlib import nullcontext, suppress
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import Processor

from penstock.clipping import clipped, clipped_fields

# They tell at length, and at level info, what is only worth knowing when something is wrong.
_TALKATIVE = ("alembic", "httpx", "taskiq")
_OF_RUNS = "penstock.worker"
_BARE = len(logging.makeLogRecord({}).__dict__)


def configure(
    log_format: Literal["console", "json"],
    level: str,
    *,
    max_line_bytes: int | None = None,
    mask: Callable[[str], str] = str,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of this process to one stream, in one format.

    Call it once, at the start of a process; a second call replaces the first.

    Args:
        log_format: ``console`` for people, with colours on a terminal (``NO_COLOR`` and
            ``FORCE_COLOR`` are honoured); ``json`` for programs, one object per line with
            ``timestamp`` (UTC), ``level``, ``logger`` and ``event``.
        level: the least important level that is written: ``debug`` to ``critical``.
        max_line_bytes: longer lines are clipped, ``json`` in their longest fields; no limit if
            left out.
        mask: hides secrets in a line.
        stream: standard error if left out.
    """
    stream = stream or sys.stderr
    _look_up_no_callers()
    bare: Callable[[logging.LogRecord], str] | None
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
        final += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
        bare = _bare_json
    else:
        colours = _colours(stream)
        final += [
            _short_time,
            structlog.dev.ConsoleRenderer(
                colors=colours,
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
        bare = None if colours else _bare_console
    handler = _Handler(stream)
    shorten = _clipped_json if log_format == "json" else clipped
    handler.setFormatter(
        _Formatter(
            bare,
            (lambda line: shorten(line, max_line_bytes)) if max_line_bytes else str,
            mask,
            foreign_pre_chain=shared,
            processors=final,
        )
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


def _look_up_no_callers() -> None:
    """Leave out what no line of ours says: a third of the time that a line takes.

    See "Optimization" in the logging HOWTO of the Python documentation.
    """
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False


class _Handler(logging.StreamHandler[TextIO]):
    """Writes all lines of one turn of the event loop at once.

    A worker logs two lines per task, and writing one takes as long as making it. Warnings, and what
    is logged outside of an event loop, are written at once, with all that came before.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._writing_on: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            loop = asyncio._get_running_loop()  # noqa: SLF001  (the public one raises without one)
            if loop is None or record.levelno >= logging.WARNING:
                self.flush()
            elif loop is not self._writing_on:
                loop.call_soon(self.flush)
                self._writing_on = loop
        except Exception:  # noqa: BLE001
            self.handleError(record)

    def flush(self) -> None:
        """Write what has gathered."""
        with self.lock or nullcontext():
            lines, self._lines = self._lines, []
            self._writing_on = None
            # As for a single line: nobody fails because a stream is closed.
            with suppress(OSError, ValueError):
                self.stream.write("".join(lines))
                self.stream.flush()


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's, with a short cut for lines that are a message and nothing else.

    A worker writes two of them per task, and structlog takes longer for these than everything else
    that is done for a task that does nothing.

    Args:
        bare: makes such a line, the same that structlog would; ``None`` if it cannot.
        shorten: clips a line that is too long.
        mask: hides secrets in a line.
    """

    def __init__(
        self,
        bare: Callable[[logging.LogRecord], str] | None,
        shorten: Callable[[str], str],
        mask: Callable[[str], str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._bare = bare
        self._shorten = shorten
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line = self._line(record)
        # What Penstock says of a run that goes well quotes nobody, and is said twice per task.
        if record.name != _OF_RUNS or record.levelno > logging.INFO:
            line = self._mask(line)
        # Afterwards: half of a secret would not be known.
        return self._shorten(line)

    def _line(self, record: logging.LogRecord) -> str:
        if (
            self._bare is not None
            and type(record.msg) is str
            # What somebody wanted said beside the message is one attribute more.
            and len(record.__dict__) == _BARE
            and not (record.exc_info or record.stack_info)
            and not structlog.contextvars.get_contextvars()
        ):
            return self._bare(record)
        return super().format(record)


def _bare_console(record: logging.LogRecord) -> str:
    moment = _moment("%H:%M:%S", int(record.created))
    return f"{moment} [{record.levelname.lower():<9}] {record.getMessage()} [{record.name}]"


def _bare_json(record: logging.LogRecord) -> str:
    seconds, microseconds = divmod(int(record.created * 1e6), 1_000_000)
    moment = _moment("%Y-%m-%dT%H:%M:%S", seconds)
    line = {
        "event": record.getMessage(),
        "level": record.levelname.lower(),
        "logger": record.name,
        "timestamp": f"{moment}.{microseconds:06}Z",
    }
    return _json(line)


@lru_cache(maxsize=1)  # thousands of lines are of the same second
def _moment(form: str, seconds: int) -> str:
    return time.strftime(form, time.gmtime(seconds))


def _json(line: object, default: Callable[[Any], Any] | None = None) -> str:
    return msgspec.json.encode(line, enc_hook=default).decode()


def _clipped_json(line: str, most: int) -> str:
    fields, room = None, most
    # What is escaped in JSON takes more room than was counted.
    while len(line) * 4 > most and len(line.encode()) > most and room:
        fields = fields or msgspec.json.decode(line)
        line = _json(clipped_fields(fields, room))
        room //= 2
    return line


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
