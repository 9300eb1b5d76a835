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
        self._timeout = timeout
        self._ends_at_deadline = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> timedelta | None:
        """How long the handler may take if it begins now; ``None`` is no limit."""
        deadline = self._delivery.task.deadline
        if deadline is None:
            return self._timeout
        left = max(deadline - datetime.now(UTC), timedelta(0))
        return left if self._timeout is None else min(left, self._timeout)

    def start(self) -> None:
        """The handler begins."""
        left = self.left
        if left is None:
            return
        self._ends_at_deadline = left != self._timeout
        self._timer = asyncio.get_running_loop().call_later(left.total_seconds(), self.pass_)

    def stop(self) -> None:
        """It has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def pass_(self) -> None:
        """The time is up."""
        if self._ends_at_deadline:
            deadline = self._delivery.task.deadline
            message = f"had not ended by its deadline, {deadline:%Y-%m-%d %H:%M:%S} UTC"
            reason = Interruption("deadline", message)
        else:
            reason = Interruption("timeout", f"took longer than its timeout of {self._timeout}")
        self._delivery.interrupt(reason)
