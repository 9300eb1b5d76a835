"""What application code asks for, checked before anything is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from penstock.declarations import DeclarationError, Priority, TaskType, checks, task_input
from penstock.dispatch import Submission
from penstock.dispatch.inputs import MAX_DELAY

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")


class TaskRequest(Generic[R]):
    """One of many tasks; takes what :meth:`Client.submit` does.

    Raises:
        ValueError: as :meth:`Client.submit` does, of what can be seen without the installation.
    """

    @overload
    def __init__(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        task_type: str,
        input: Any,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> None: ...

    def __init__(
        self,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> None:
        name = task_type if isinstance(task_type, str) else task_type.name
        ranked = Priority.parse(priority)
        checks.instance(user_id, str | None, of="user_id")
        checks.instance(delay, timedelta | None, of="delay")
        if delay is not None and not timedelta(0) <= delay <= MAX_DELAY:
            message = f"expected delay to be from 0 to {MAX_DELAY.days} days, got {delay}"
            raise DeclarationError(message)
        self.submission = Submission(
            name,
            task_input.encode(name, input),
            priority=ranked,
            user_id=user_id,
            delay=delay,
        )

    def __repr__(self) -> str:
        return f"<request for {self.submission.type}>"
