"""Why a run is stopped before its handler has ended, and how a ``def`` handler is told."""

from typing import Literal

import msgspec


class Interruption(msgspec.Struct, frozen=True):
    """What a handler that is being stopped may ask for, in ``ctx.interruption``.

    ``code`` is for programs: ``cancelled`` (somebody asked for it), ``timeout``, ``deadline``
    (that of this task; it has failed), ``shutdown`` (its worker drains; the task goes on
    elsewhere), or ``lease_lost`` (its worker was thought dead;
    another run may be under way, and nothing that this one writes counts). ``message`` is for
    people: who asked, and why.
    """

    code: Literal["cancelled", "timeout", "deadline", "shutdown", "lease_lost"]
    message: str


class TaskInterrupted(BaseException):
    """Raised in a ``def`` handler, wherever it is, when its run is stopped.

    What :class:`asyncio.CancelledError` is to an ``async def`` handler: it may clean up, or save
    how far it is, and lets it pass. Half a second later its process is killed.

    Attributes:
        interruption: why.
    """

    def __init__(self, interruption: Interruption) -> None:
        super().__init__(interruption.message)
        self.interruption = interruption
