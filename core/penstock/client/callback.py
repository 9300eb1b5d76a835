"""The task that application code wants to follow a batch."""

from __future__ import annotations

from typing import Any

from penstock.declarations import Priority, TaskType, task_input
from penstock.dispatch import CallbackSubmission

_SUMMARY = object()


class Callback:
    """What shall run once all tasks of a batch have ended, however they did.

    Args:
        task_type: a declared task type, or the name of an installed one.
        input: what it takes, or the same as plain dicts and lists; a
            :class:`~penstock.BatchSummary` if left out.
        priority: ``urgent``, ``high``, ``normal`` or ``low``, or its number.

    Raises:
        ValueError: an unknown priority, or an input that has no JSON form.
    """

    def __init__(
        self,
        task_type: TaskType[Any, Any] | str,
        input: Any = _SUMMARY,  # noqa: A002  (the API's own word for it)
        *,
        priority: Priority | str | int = Priority.NORMAL,
    ) -> None:
        name = task_type if isinstance(task_type, str) else task_type.name
        self.submission = CallbackSubmission(
            name,
            None if input is _SUMMARY else task_input.encode(task_type, input),
            priority=Priority.parse(priority),
        )

    def __repr__(self) -> str:
        return f"<callback {self.submission.type}>"
