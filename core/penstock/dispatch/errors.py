"""Why a task is not accepted, or a policy not changed.

::

    PenstockError
    ├── InvalidInputError       the input does not fit its task type (also a ValueError)
    ├── InvalidPolicyError      a queue's policy cannot be what was asked for (also a ValueError)
    └── QueueDrainingError      the queue is drained: it takes no new tasks
"""

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.declarations import PenstockError


class InvalidInputError(PenstockError, ValueError):
    """The input does not fit the task type's schema, or cannot be stored.

    Attributes:
        path: where in the input, as ``$.field[0]``; ``$`` is the input itself.
        message: what is wrong there.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{message} (at {path})")
        self.path = path
        self.message = message


@dataclass(frozen=True)
class PolicyFault:
    """Which knob cannot be set so, why, and what to do."""

    knob: str
    message: str
    remedy: str


class InvalidPolicyError(PenstockError, ValueError):
    """What was asked for cannot be said of a queue. ``faults`` name each knob; there is one."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        super().__init__("; ".join(f"{each.message}; {each.remedy}" for each in faults))
        self.faults = faults


class QueueDrainingError(PenstockError):
    """The queue takes no new tasks until somebody resumes it. ``queue`` is its name."""

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"queue {queue!r} is being drained and takes no new tasks; try again later, or resume "
            f"it (penstock queue resume {queue})"
        )
        self.queue = queue
