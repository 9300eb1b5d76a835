"""Values of task types as JSON, and back: the one place where the kit knows how types are read."""

from __future__ import annotations

from typing import Any

from penstock.declarations import TaskType, task_input
from penstock.dispatch import inputs
from penstock.processes import result


def input_to_json(task_type: TaskType[Any, Any], value: object) -> bytes:
    """An input, as a client sends it.

    Raises:
        DeclarationError: it has no JSON form.
    """
    return task_input.encode(task_type, value)


def input_from_json(task_type: TaskType[Any, Any], text: bytes | str) -> Any:
    """An input, as a worker reads it.

    Raises:
        InvalidInputError: it does not fit, and where.
    """
    return inputs.decode(task_type, text)


def output_to_json(task_type: TaskType[Any, Any], value: object, *, most: int) -> bytes:
    """An output, as a worker stores it.

    Raises:
        NotStorableError: it has no JSON form.
        TooLargeError: that is longer than ``most`` bytes.
    """
    return result.encode(task_type.name, task_type.output, value, most=most)


def output_from_json(task_type: TaskType[Any, Any], text: bytes) -> Any:
    """An output, as a client reads it."""
    return task_type.output.decode(text)
