"""From the worker's word to an exception in the handler, wherever it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from penstock.declarations import Interruption, TaskInterrupted


class Interrupts:
    """Raises :class:`TaskInterrupted` in the main thread, once, while a handler runs there.

    Build it in the main thread.
    """

    def __init__(self) -> None:
        self.interruption: Interruption | None = None
        self._main = threading.get_ident()
        self._armed = False
        self._held = 0
        self._raised = False
        signal.signal(signal.SIGUSR1, lambda *_: self._raise_if_due())

    def request(self, interruption: Interruption) -> None:
        """Interrupt the handler; called by another thread."""
        self.interruption = interruption
        # A signal, and not an exception set by the interpreter: it ends a sleep or a read as well.
        signal.pthread_kill(self._main, signal.SIGUSR1)

    def arm(self) -> None:
        """A handler begins.

        Raises:
            TaskInterrupted: it was interrupted before it began.
        """
        self._armed = True
        self._raise_if_due()

    def disarm(self) -> None:
        """It has ended."""
        self._armed = False

    def confirm(self) -> None:
        """Refuse what a handler returned although it was interrupted.

        Raises:
            TaskInterrupted: again.
        """
        if self._raised and self.interruption is not None:
            raise TaskInterrupted(self.interruption)

    @contextmanager
    def held_off(self) -> Iterator[None]:
        """Raise only after this block: half a frame on its way would spoil all that follow."""
        if threading.get_ident() != self._main:
            yield
            return
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        self._raise_if_due()

    def _raise_if_due(self) -> None:
        if self._armed and not self._held and not self._raised and self.interruption is not None:
            # Once: a second one would cut off the clean-up that the first one began.
            self._raised = True
            raise TaskInterrupted(self.interruption)
