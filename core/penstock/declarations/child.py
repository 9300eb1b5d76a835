"""What a handler says of a child that it enqueues."""

from typing import Any

from penstock.declarations import task_input
from penstock.declarations.errors import DeclarationError, PermanentError
from penstock.declarations.task_type import TaskType


def encode(name: str, task_type: TaskType[Any, Any] | str, value: object) -> tuple[str, bytes]:
    """The name of the task type of a child, and its input as JSON.

    Raises:
        PermanentError: code ``invalid_input``; the input has no JSON form.
    """
    type_name = task_type if isinstance(task_type, str) else task_type.name
    try:
        return type_name, task_input.encode(type_name, value)
    except DeclarationError as error:
        raise PermanentError(f"child {name!r}: {error}", code="invalid_input") from error
