"""The tasks that a running one enqueues."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from penstock.broker.patience import patiently
from penstock.broker.ports import Intake
from penstock.declarations import (
    DeclarationError,
    PermanentError,
    Priority,
    TransientError,
    child,
)
from penstock.dispatch import (
    InputTooLargeError,
    InvalidInputError,
    QueueFullError,
    Submission,
)
from penstock.dispatch.derived_id import derived_id
from penstock.dispatch.task_times import MAX_DELAY
from penstock.ledger import StartedTask, TwinPendingError
from penstock.plugins import UnknownProviderError, UnknownTaskTypeError


class Children:
    """The children of a task, as one run of it enqueues them.

    A run that was superseded may enqueue, too: what it enqueues, the present run would have
    enqueued under the same id, so there are no twins.

    Args:
        dispatch: accepts them.
        task: their parent.
    """

    def __init__(self, dispatch: Intake, task: StartedTask) -> None:
        self._dispatch = dispatch
        self._task = task

    async def enqueue(
        self,
        name: str,
        type_name: str,
        data: bytes,
        *,
        priority: Priority | str | int | None,
        delay: timedelta | None,
        user_id: str | None,
    ) -> UUID:
        """See :meth:`penstock.declarations.Context.enqueue`; ``data`` is the input as JSON."""
        parent = self._task
        child.check(name, priority=priority, delay=delay, user_id=user_id)
        submission = Submission(
            type_name,
            data,
            priority=Priority(parent.priority) if priority is None else _priority(priority),
            user_id=parent.user_id if user_id is None else user_id,
            delay=_bounded(delay),
            id=derived_id(parent.id, name),
            parent_id=parent.id,
        )
        what = f"child {name!r} of type {type_name!r}"
        try:
            return await patiently(
                parent.id,
                lambda: self._dispatch.submit_child(submission, again=parent.run > 1),
                f"enqueuing {what}",
            )
        except UnknownTaskTypeError as error:
            raise PermanentError(f"{what}: {error}", code="unknown_task_type") from error
        except InputTooLargeError as error:
            raise PermanentError(f"{what}: {error}", code="input_too_large") from error
        except (InvalidInputError, UnknownProviderError, DeclarationError) as error:
            raise PermanentError(f"{what}: {error}", code="invalid_input") from error
        except TwinPendingError as error:
            raise TransientError(f"{what}: {error}", code="twin_pending") from error
        except QueueFullError as error:
            raise TransientError(
                f"{what}: {error}", retry_after=error.retry_after, code=error.code
            ) from error


def _priority(value: str | int) -> Priority:
    try:
        return Priority.parse(value)
    except ValueError as error:
        raise DeclarationError(str(error)) from error


def _bounded(delay: timedelta | None) -> timedelta | None:
    if delay is not None and not timedelta(0) <= delay <= MAX_DELAY:
        message = f"expected delay to be from 0 to {MAX_DELAY.days} days, got {delay}"
        raise DeclarationError(message)
    return delay
