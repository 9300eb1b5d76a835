"""The log of a process: its lines go to the worker, which writes them as it writes its own."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, NoReturn

import msgspec
import structlog
from structlog.stdlib import BoundLogger

from penstock.processes.channel import Channel
from penstock.processes.log_lines import send_line

_NAME = "penstock.task"


def task_log(channel: Channel) -> BoundLogger:
    """The logger of a context."""

    def send(_: object, __: str, line: MutableMapping[str, Any]) -> NoReturn:
        event = str(line.pop("event", ""))
        level = logging.getLevelNamesMapping().get(line.pop("level").upper(), logging.INFO)
        fields = {str(name): _plain(value) for name, value in line.items()}
        send_line(channel, logger=None, level=level, event=event, fields=fields)
        raise structlog.DropEvent

    log: BoundLogger = structlog.wrap_logger(
        logging.getLogger(_NAME),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            send,
        ],
        wrapper_class=BoundLogger,
    )
    return log


def _plain(value: Any) -> Any:
    """What a frame can hold; everything else as its ``repr``."""
    try:
        return msgspec.to_builtins(value, enc_hook=repr, str_keys=True)
    except Exception:  # noqa: BLE001  (a log line must not fail a handler, whatever is in it)
        return f"<{type(value).__name__} that cannot be shown>"
