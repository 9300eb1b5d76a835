"""What libraries log in a process, by the standard library's ``logging``, goes to the worker."""

from __future__ import annotations

import logging

from penstock.processes.channel import Channel
from penstock.processes.log_lines import send_line


class ChannelHandler(logging.Handler):
    """Sends each line to the worker, whose log says which logger it is of."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line."""
        try:
            fields = {}
            if record.exc_info:
                fields["exception"] = logging.Formatter().formatException(record.exc_info)
            send_line(
                self._channel,
                logger=record.name,
                level=record.levelno,
                event=record.getMessage(),
                fields=fields,
            )
        except Exception:  # noqa: BLE001  (what a broken line does, logging decides)
            self.handleError(record)
