"""The time limit of a run, kept by the event loop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from penstock.broker.delivery import Delivery
from penstock.declarations import Interruption


class TimeLimit:
    """Interrupts a delivery that takes longer than its task type's time-out, or its deadline.

    Whichever comes first, if it has any.
    """

    def __init__(self, delivery: Delivery, timeout: timedelta | None) -> None:
        self._delivery = delivery
        self._left = timeout
        self._reason = Interruption("timeout", f"took longer than its timeout of {timeout}")
        deadline = delivery.task.deadline
        if deadline is not None:
            left = max(deadline - datetime.now(UTC), timedelta(0))
            if timeout is None or left < timeout:
                self._left = left
                message = f"had not ended by its deadline, {deadline:%Y-%m-%d %H:%M:%S} UTC"
                self._reason = Interruption("deadline", message)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> timedelta | None:
        """How long the handler may take, as seen when this was made; ``None`` is no limit."""
        return self._left

    def start(self) -> None:
        """The handler begins."""
        if self._left is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._left.total_seconds(), self.pass_)

    def stop(self) -> None:
        """It has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def pass_(self) -> None:
        """The time is up."""
        self._delivery.interrupt(self._reason)
