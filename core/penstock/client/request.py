"""What application code asks for, checked before anything is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from penstock.declarations import DeclarationError, Priority, TaskType, checks, task_input
from penstock.dispatch import InvalidInputError, Submission
from penstock.dispatch.inputs import check_idempotency_key
from penstock.dispatch.task_times import MAX_DELAY

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")

PRINCIPAL = "client"
"""Whose the idempotency keys of application code are: that of the API's callers are others."""


class TaskRequest(Generic[R]):
    """One of the tasks for :meth:`Client.submit_many`; takes what :meth:`Client.submit` does.

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
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
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
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
    ) -> None: ...

    def __init__(  # noqa: PLR0913  (what a task may be asked for, all by name)
        self,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
    ) -> None:
        name = task_type if isinstance(task_type, str) else task_type.name
        ranked = Priority.parse(priority)
        checks.instance(user_id, str | None, of="user_id")
        checks.instance(delay, timedelta | None, of="delay")
        checks.instance(run_at, datetime | None, of="run_at")
        checks.instance(ttl, timedelta | None, of="ttl")
        checks.instance(deadline, datetime | None, of="deadline")
        checks.instance(unique, bool | None, of="unique")
        if delay is not None and not timedelta(0) <= delay <= MAX_DELAY:
            message = f"expected delay to be from 0 to {MAX_DELAY.days} days, got {delay}"
            raise DeclarationError(message)
        self.submission = Submission(
            name,
            task_input.encode(task_type, input),
            priority=ranked,
            user_id=user_id,
            delay=delay,
            run_at=run_at,
            ttl=ttl,
            deadline=deadline,
            principal=PRINCIPAL,
            idempotency_key=checked_key(idempotency_key),
            unique=unique,
        )

    def __repr__(self) -> str:
        return f"<request for {self.submission.type}>"


def checked_key(key: str | None) -> str | None:
    """An idempotency key, if one is given.

    Raises:
        DeclarationError: it is none.
    """
    checks.instance(key, str | None, of="idempotency_key")
    if key is not None:
        try:
            check_idempotency_key(key)
        except InvalidInputError as error:
            raise DeclarationError(f"idempotency_key: {error.message}") from error
    return key
