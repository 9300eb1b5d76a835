"""taskiq's messages as JSON by msgspec, so that arguments may be any declared input type."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from taskiq import BrokerMessage, TaskiqMessage
from taskiq.abc.formatter import TaskiqFormatter

from penstock.declarations import PenstockError, TaskType, json_form


class UnusableMessageError(PenstockError, ValueError):
    """A call by ``.kiq()`` that cannot become a task; says what to change."""


class Envelope(msgspec.Struct):
    """The message's fields that a task is made of; arguments stay as they were written."""

    task_id: str
    task_name: str
    labels: dict[str, Any]
    args: list[msgspec.Raw]
    kwargs: dict[str, msgspec.Raw]


class JsonFormatter(TaskiqFormatter):
    """taskiq's own formatter goes through pydantic, which knows nothing of msgspec's structs."""

    def dumps(self, message: TaskiqMessage) -> BrokerMessage:
        """Encode a message."""
        envelope = {
            "task_id": message.task_id,
            "task_name": message.task_name,
            "labels": message.labels,
            "args": message.args,
            "kwargs": message.kwargs,
        }
        return BrokerMessage(
            task_id=message.task_id,
            task_name=message.task_name,
            message=json_form.to_json(envelope),
            labels=message.labels,
        )

    def loads(self, message: bytes) -> TaskiqMessage:
        """Decode a message."""
        return TaskiqMessage.model_validate(msgspec.json.decode(message))


def task_id_of(envelope: Envelope) -> UUID:
    """The message's task id.

    Raises:
        UnusableMessageError: if it is not a UUID.
    """
    try:
        return UUID(envelope.task_id)
    except ValueError as error:
        message = f"expected the task id to be a UUID, got {envelope.task_id!r}"
        raise UnusableMessageError(message) from error


def input_of(envelope: Envelope, task_type: TaskType[Any, Any]) -> bytes:
    """The one argument of the call: the task's input as JSON.

    Raises:
        UnusableMessageError: if there is none, or more than one.
    """
    arguments = [*envelope.args, *envelope.kwargs.values()]
    names = set(envelope.kwargs) - {task_type.input_parameter}
    if len(arguments) != 1 or names:
        message = (
            f"expected {task_type.name!r} to be called with its input alone, "
            f".kiq({task_type.input_parameter}), got {len(envelope.args)} positional arguments and "
            f"the keywords {sorted(envelope.kwargs)}"
        )
        raise UnusableMessageError(message)
    return bytes(arguments[0])
