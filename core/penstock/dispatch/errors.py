"""Why a task is not accepted, or a policy not changed.

::

    PenstockError
    ├── BulkRefusedError        of many submissions, some are refused, so that none is accepted
    ├── ForeignSessionError     a session is not on the ledger's database (also a ValueError)
    ├── BatchPartError          a task of a batch, or its callback, is not accepted
    ├── BatchSealedError        the batch takes no more tasks
    ├── InvalidInputError       the input does not fit its task type (also a ValueError)
    │   └── InputTooLargeError  its JSON is longer than the operator allows
    ├── InvalidTermError        what is asked for beside the input cannot be had (also a ValueError)
    ├── InvalidPolicyError      a policy cannot be what was asked for (also a ValueError)
    ├── QueueDrainingError      the queue is drained: it takes no new tasks
    ├── TaskTypeDisabledError   an operator has switched the task type off
    ├── UnknownScheduleError    there is no such schedule (also a LookupError)
    ├── ScheduleExistsError     there is one of that name already
    ├── ScheduleDeclaredError   only its plugin can change it
    ├── UnexpectedError         one of many submissions met what nobody expected; the log has it
    └── QueueFullError          as many tasks wait in the queue as may
        └── UserQueueFullError  as many of the user's
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from penstock.declarations import PenstockError
from penstock.declarations.unfit import Fault
from penstock.near_names import hint


class InvalidInputError(PenstockError, ValueError):
    """The input does not fit the task type's schema, or cannot be stored.

    Attributes:
        path: where in the input, as ``$.field[0]``; ``$`` is the input itself.
        message: what is wrong there.
        faults: all that is wrong, that first.
    """

    def __init__(self, path: str, message: str, *more: Fault) -> None:
        self.faults = (Fault(path, message), *more)
        super().__init__("; ".join(map(str, self.faults)))
        self.path = path
        self.message = message

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> InvalidInputError:
        """One for all of ``faults``."""
        first, *more = faults
        return InvalidInputError(first.path, first.message, *more)


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


class InvalidTermError(PenstockError, ValueError):
    """A task cannot have the terms that somebody asks for.

    Attributes:
        field: which of a submission's fields, like ``run_at``, ``ttl`` or ``unique``.
        message: what is wrong with it.
        remedy: what to do.
    """

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(f"{field}: {message}; {remedy}")
        self.field = field
        self.message = message
        self.remedy = remedy


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
            f"batch {batch_id} is sealed and takes no more tasks (by itself, if none was added for "
            "PENSTOCK_SEAL_BATCHES_AFTER); submit another batch, and one that is yet to grow with "
            "sealed=false"
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

    def __init__(self, queue: str, *, limit: int, retry_after: timedelta, new: int = 1) -> None:
        remedy = f"try again in {math.ceil(retry_after.total_seconds())} s"
        super().__init__(
            f"queue {queue!r} is full: {limit:,} tasks{self._whose} wait in it, which is its "
            f"{self._knob}; {remedy}"
            if new == 1
            else f"queue {queue!r} has no room for {new:,} more tasks{self._whose}: at most "
            f"{limit:,} may wait in it, which is its {self._knob}; {remedy}, or send fewer at once"
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

    def __init__(
        self, queue: str, user_id: str, *, limit: int, retry_after: timedelta, new: int = 1
    ) -> None:
        super().__init__(queue, limit=limit, retry_after=retry_after, new=new)
        self.user_id = user_id


@dataclass(frozen=True)
class PolicyFault:
    """Which knob cannot be set so, why, and what to do."""

    knob: str
    message: str
    remedy: str


class InvalidPolicyError(PenstockError, ValueError):
    """What was asked for cannot be said of it.

    Attributes:
        of: of what, for people: ``queue 'ai'``.
        faults: each knob that cannot be said so; there is one.
    """

    def __init__(self, faults: Sequence[PolicyFault], *, of: str) -> None:
        super().__init__("; ".join(f"{each.message}; {each.remedy}" for each in faults))
        self.of = of
        self.faults = faults


class QueueDrainingError(PenstockError):
    """The queue takes no new tasks until somebody resumes it. ``queue`` is its name."""

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"queue {queue!r} is being drained and takes no new tasks; try again later, or resume "
            f"it (penstock queue resume {queue})"
        )
        self.queue = queue


class TaskTypeDisabledError(PenstockError):
    """An operator has switched the task type off; ``task_type`` is its name."""

    def __init__(self, task_type: str) -> None:
        super().__init__(
            f"task type {task_type!r} is disabled and takes no new tasks; try again later, or "
            f"enable it (penstock task-type set {task_type} --enabled true)"
        )
        self.task_type = task_type


class BulkRefusedError(PenstockError):
    """Of many submissions some are refused; nothing was written.

    Attributes:
        faults: what is wrong with each of those, by its place from 0.
    """

    def __init__(self, faults: Mapping[int, PenstockError]) -> None:
        first, fault = next(iter(faults.items()))
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"submission {first} is refused{more}: {fault}")
        self.faults = faults


class UnexpectedError(PenstockError):
    """One of many submissions met an error that nobody expected, as of a function of its plugin.

    The log has it, with its traceback.
    """

    def __init__(self) -> None:
        super().__init__("something went wrong with this submission that nobody expected; see log")


class ForeignSessionError(PenstockError, ValueError):
    """The session or connection is not on the ledger's database: no task can be part of it."""


class UnknownScheduleError(PenstockError, LookupError):
    """There is no schedule ``name``."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no schedule {name!r}; {hint(name, known)}")
        self.name = name


class ScheduleExistsError(PenstockError):
    """There is a schedule ``name`` already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is a schedule {name!r} already; choose another name, or change that one"
        )
        self.name = name


class ScheduleDeclaredError(PenstockError):
    """Schedule ``name`` is declared by a plugin, which would only bring it back."""

    def __init__(self, name: str, source: str, *, what: str) -> None:
        super().__init__(
            f"schedule {name!r} cannot be {what}, as {source} declares it; pause it instead, or "
            "change the plugin"
        )
        self.name = name
