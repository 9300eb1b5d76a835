"""A task's input as text."""

from typing import Any

import msgspec

from penstock.declarations import json_form
from penstock.declarations.errors import DeclarationError, PermanentError
from penstock.declarations.task_type import TaskType
from penstock.declarations.unfit import UnfitError


def encode(task_type: TaskType[Any, Any] | str, value: Any) -> bytes:
    """``value``, which shall be the input of a task of that type, as JSON.

    Args:
        task_type: the task type, or the name of one.
        value: as its handler takes it, or the same as plain data.

    Raises:
        DeclarationError: it has no JSON form.
    """
    try:
        if isinstance(task_type, str):
            return json_form.to_json(value)
        return task_type.input.encode(value)
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        name = task_type if isinstance(task_type, str) else task_type.name
        message = f"expected input of task type {name!r} to have a JSON form: {error}"
        raise DeclarationError(message) from error


def incompatible(task_type: str, fault: UnfitError, *, declared_by: str) -> PermanentError:
    """Why a task that was accepted cannot run: its type has changed since.

    Args:
        task_type: its name.
        fault: what does not fit.
        declared_by: who declares the type as it is now, as ``penstock-acme 2.0``.
    """
    message = (
        f"the input does not fit task type {task_type!r} as {declared_by} declares it: {fault}; "
        "it was accepted by another version: give new fields a default, and keep old ones until "
        "the tasks that have them are done; or submit the task again with an input that fits"
    )
    return PermanentError(message, code="input_incompatible")
