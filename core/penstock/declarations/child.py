"""What a handler says of a child that it enqueues."""

from datetime import timedelta
from typing import Any

from penstock.declarations import checks, task_input
from penstock.declarations.errors import DeclarationError, PermanentError
from penstock.declarations.task_type import TaskType


def check(name: object, *, priority: object, delay: object, user_id: object) -> None:
    """Refuse what is no name of a child, or of the wrong kind.

    Raises:
        DeclarationError: naming the argument.
    """
    checks.name(name, of="child")
    checks.instance(priority, str | int | None, of="priority")
    checks.instance(delay, timedelta | None, of="delay")
    checks.instance(user_id, str | None, of="user_id")


def encode(name: str, task_type: TaskType[Any, Any] | str, value: object) -> tuple[str, bytes]:
    """The name of the task type of a child, and its input as JSON.

    Raises:
        DeclarationError: ``task_type`` is neither a task type nor the name of one.
        PermanentError: code ``invalid_input``; the input has no JSON form.
    """
    checks.instance(task_type, TaskType | str, of="task_type")
    type_name = task_type if isinstance(task_type, str) else task_type.name
    try:
        return type_name, task_input.encode(task_type, value)
    except DeclarationError as error:
        raise PermanentError(f"child {name!r}: {error}", code="invalid_input") from error
