"""What an operator says, put into the declarations of plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from penstock.declarations import (
    DeclarationError,
    Provider,
    Queue,
    RetryPolicy,
    SyncTaskType,
    TaskType,
)
from penstock.plugins import contradictions

Fields = Mapping[str, Mapping[str, Any]]
"""What an operator says of some things: name → field → value."""
ENABLED = "enabled"
"""What can be said of a task type beside its fields: whether it is there at all."""
RETRY_FIELDS = {each.name for each in fields(RetryPolicy)} - {"non_retryable"}
"""What can be said of a retry policy."""


class Tuning:
    """Makes of each declaration what it is with what is said of it.

    What an operator may not say is what a plugin may not declare, and the methods raise
    :class:`~penstock.declarations.DeclarationError` for it: also for limits of which one makes
    another pointless.
    """

    def __init__(self, queues: Fields, providers: Fields, tasks: Fields) -> None:
        self._queues = queues
        self._providers = providers
        self._tasks = tasks
        self._tuned: dict[str, Queue] = {}

    def queue(self, declared: Queue) -> Queue:
        """``declared``; the same one for itself and for each of its task types."""
        said = self._queues.get(declared.name)
        if said is None:
            return declared
        if declared.name not in self._tuned:
            self._tuned[declared.name] = self._queue(declared, said)
        return self._tuned[declared.name]

    def provider(self, declared: Provider) -> Provider:
        """``declared`` with its limits."""
        said = self._providers.get(declared.name)
        return declared if said is None else replace(declared, **said)

    def task_type(self, declared: TaskType[Any, Any]) -> TaskType[Any, Any]:
        """``declared`` on its queue; what is said of it stands over what is said of that."""
        of_queue = self._queues.get(declared.queue.name)
        own = self._tasks.get(declared.name)
        if of_queue is None and own is None:
            return declared
        retry = _of_retry(of_queue or {}) | _of_retry(own or {})
        changed = {
            name: value
            for name, value in (own or {}).items()
            if name not in RETRY_FIELDS and name != ENABLED
        }
        if "max_memory" in changed and not isinstance(declared, SyncTaskType):
            message = (
                f"max_memory of task type {declared.name!r} would limit nothing: its handler is an "
                "'async def', which shares the worker's memory"
            )
            raise DeclarationError(message)
        tuned = replace(
            declared,
            queue=self.queue(declared.queue),
            retry=replace(declared.retry, **retry) if retry else declared.retry,
            **changed,
        )
        if retry:
            of = f"task type {declared.name!r}"
            _require_none(contradictions.in_retry(tuned.retry, of=of))
        return tuned

    def _queue(self, declared: Queue, said: Mapping[str, Any]) -> Queue:
        own = {name: value for name, value in said.items() if name not in RETRY_FIELDS}
        if retry := _of_retry(said):
            own["retry"] = replace(declared.retry, **retry)
        tuned = replace(declared, **own)
        _require_none(contradictions.in_queue(tuned))
        return tuned


def _of_retry(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name in RETRY_FIELDS}


def _require_none(found: Iterable[str]) -> None:
    for each in found:
        raise DeclarationError(each)
