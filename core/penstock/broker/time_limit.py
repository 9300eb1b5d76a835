"""The time limit of a run, kept by the event loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from penstock.broker.delivery import Delivery
from penstock.declarations import Interruption


class TimeLimit:
    """Interrupts a delivery when it takes longer than its task type's time-out, if it has one."""

    def __init__(self, delivery: Delivery, timeout: timedelta | None) -> None:
        self._delivery = delivery
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The handler begins."""
        if self._timeout is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._timeout.total_seconds(), self.pass_)

    def stop(self) -> None:
        """It has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def pass_(self) -> None:
        """The time is up."""
        message = f"took longer than its timeout of {self._timeout}"
        self._delivery.interrupt(Interruption("timeout", message))
