"""taskiq's labels: those that mean something are honoured or refused, others are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from penstock.broker.messages import UnusableMessageError
from penstock.declarations import Priority, TaskType

_REFUSED = {
    "ack_type": "outcomes are always acknowledged after their commit",
    "max_retries": "declare a RetryPolicy on the task type or its queue",
    "retry_on_error": "declare a RetryPolicy on the task type or its queue",
    "schedule": "schedules are not taken from labels",
    "timeout": "declare the timeout on the task type",
}


class SubmitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What labels say about a submit."""

    priority: Priority = Priority.NORMAL
    delay: timedelta | None = None
    user_id: str | None = None
    run_at: datetime | None = None
    ttl: timedelta | None = None
    deadline: datetime | None = None


def read(labels: Mapping[str, Any], task_type: TaskType[Any, Any]) -> SubmitOptions:
    """The options that ``labels`` hold.

    They are ``priority``, ``user_id``, ``delay`` and ``ttl`` (seconds), ``run_at`` and ``deadline``
    (RFC 3339).

    Raises:
        UnusableMessageError: for a label that would do nothing here, or has a wrong value.
    """
    for label in labels.keys() & _REFUSED.keys():
        message = f"label {label!r} does nothing in Penstock: {_REFUSED[label]}"
        raise UnusableMessageError(message)
    queue = labels.get("queue_name", task_type.queue.name)
    if queue != task_type.queue.name:
        message = (
            f"label 'queue_name' is {queue!r}, but {task_type.name!r} runs on queue "
            f"{task_type.queue.name!r}; leave it out"
        )
        raise UnusableMessageError(message)
    try:
        delay = timedelta(seconds=float(labels["delay"])) if "delay" in labels else None
        ttl = timedelta(seconds=float(labels["ttl"])) if "ttl" in labels else None
        run_at = msgspec.convert(labels.get("run_at"), datetime | None)
        deadline = msgspec.convert(labels.get("deadline"), datetime | None)
        priority = Priority.parse(labels.get("priority", Priority.NORMAL))
    except (ValueError, TypeError, OverflowError) as error:
        message = f"a label of {task_type.name!r} has a wrong value: {error}"
        raise UnusableMessageError(message) from error
    user_id = labels.get("user_id")
    return SubmitOptions(
        priority=priority,
        delay=delay,
        user_id=None if user_id is None else str(user_id),
        run_at=run_at,
        ttl=ttl,
        deadline=deadline,
    )
