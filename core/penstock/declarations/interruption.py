"""Why a run is stopped before its handler has ended."""

from typing import Literal

import msgspec


class Interruption(msgspec.Struct, frozen=True):
    """What a handler that is being stopped may ask for, in ``ctx.interruption``.

    ``code`` is for programs: ``cancelled`` (somebody asked for it), ``timeout``, ``shutdown`` (its
    worker drains; the task goes on elsewhere), or ``lease_lost`` (its worker was thought dead;
    another run may be under way, and nothing that this one writes counts). ``message`` is for
    people: who asked, and why.
    """

    code: Literal["cancelled", "timeout", "shutdown", "lease_lost"]
    message: str
