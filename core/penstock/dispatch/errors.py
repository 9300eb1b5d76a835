"""Why a task is not accepted, or a policy not changed.

::

    PenstockError
    ├── BatchPartError          a task of a batch, or its callback, is not accepted
    ├── BatchSealedError        the batch takes no more tasks
    ├── InvalidInputError       the input does not fit its task type (also a ValueError)
    │   └── InputTooLargeError  its JSON is longer than the operator allows
    ├── InvalidPolicyError      a queue's policy cannot be what was asked for (also a ValueError)
    ├── QueueDrainingError      the queue is drained: it takes no new tasks
    └── QueueFullError          as many tasks wait in the queue as may
        └── UserQueueFullError  as many of the user's
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

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


class InputTooLargeError(InvalidInputError):
    """The input's JSON has ``size`` bytes, more than the ``limit``."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            "$",
            f"the input is {size:,} bytes of JSON, more than the {limit:,} that are allowed; send "
            "large data as a file, or have the operator raise PENSTOCK_MAX_INPUT_BYTES",
        )
        self.size = size
        self.limit = limit


class BatchPartError(PenstockError, ValueError):
    """A part of a batch cannot be accepted, and so nothing of it is.

    Attributes:
        place: which part: ``tasks[17]`` or ``callback``.
        type: the name of its task type.
        error: what is wrong with it.
    """

    def __init__(self, place: str, type_name: str, error: PenstockError) -> None:
        super().__init__(f"{place} ({type_name}): {error}")
        self.place = place
        self.type = type_name
        self.error = error


class BatchSealedError(PenstockError):
    """The batch is sealed: it takes no more tasks. ``batch_id`` says which one."""

    def __init__(self, batch_id: UUID) -> None:
        super().__init__(
            f"batch {batch_id} is sealed and takes no more tasks; submit another batch, and one "
            "that is yet to grow with sealed=false"
        )
        self.batch_id = batch_id


class QueueFullError(PenstockError):
    """No more tasks may wait in this queue for now; nothing was written.

    Attributes:
        code: a short, stable word for it.
        queue: its name.
        limit: how many may wait.
        retry_after: when there will probably be room.
    """

    code = "queue_full"
    _whose = ""
    _knob = "max_waiting"

    def __init__(self, queue: str, *, limit: int, retry_after: timedelta) -> None:
        super().__init__(
            f"queue {queue!r} is full: {limit:,} tasks{self._whose} wait in it, which is its "
            f"{self._knob}; try again in {math.ceil(retry_after.total_seconds())} s"
        )
        self.queue = queue
        self.limit = limit
        self.retry_after = retry_after


class UserQueueFullError(QueueFullError):
    """No more tasks of this user may wait in this queue for now; nothing was written.

    Attributes:
        user_id: whose.
    """

    code = "user_queue_full"
    _whose = " of this user"
    _knob = "user_max_waiting"

    def __init__(self, queue: str, user_id: str, *, limit: int, retry_after: timedelta) -> None:
        super().__init__(queue, limit=limit, retry_after=retry_after)
        self.user_id = user_id


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
