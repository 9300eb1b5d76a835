"""The log of a process: its lines go to the worker, which writes them as it writes its own."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, NoReturn

import structlog
from structlog.stdlib import BoundLogger

from penstock.processes.channel import Channel
from penstock.processes.log_lines import LOGGER, plain, send_line


def task_log(channel: Channel) -> BoundLogger:
    """The logger of a context."""

    def send(_: object, __: str, line: MutableMapping[str, Any]) -> NoReturn:
        event = str(line.pop("event", ""))
        level = logging.getLevelNamesMapping().get(line.pop("level").upper(), logging.INFO)
        fields = {str(name): plain(value) for name, value in line.items()}
        send_line(channel, logger=None, level=level, event=event, fields=fields)
        raise structlog.DropEvent

    log: BoundLogger = structlog.wrap_logger(
        logging.getLogger(LOGGER),
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
