"""One run of a task on its way from the start gate to its outcome."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from taskiq import AckableMessage, TaskiqMessage

from penstock.broker.providers import ProviderUse, Refusal
from penstock.declarations import Interruption, PenstockError
from penstock.engine import Lease
from penstock.ledger import StartedTask


class ForeignReceiverError(PenstockError):
    """A receiver that does not know the ledger tried to finish a task."""


class Delivery:
    """A started task and its lease; :class:`~penstock.broker.receiver.Receiver` runs it."""

    __slots__ = ("began", "interruption", "lease", "refusal", "running_in", "task", "use")

    def __init__(self, task: StartedTask, lease: Lease) -> None:
        self.task = task
        self.lease = lease
        self.running_in: asyncio.Task[Any] | None = None
        self.began = 0.0
        """When it got its slot, by a clock that only ever grows."""
        self.interruption: Interruption | None = None
        self.use: ProviderUse | None = None
        """If the task needs a limited provider."""
        self.refusal: Refusal | None = None
        """If its provider wants a pause."""

    def message(self, value: Any) -> TaskiqMessage:
        """What middlewares and dependencies see; ``value`` is the decoded input."""
        return TaskiqMessage.model_construct(
            task_id=str(self.task.id),
            task_name=self.task.type,
            labels=labels_of(self.task),
            labels_types=None,
            args=[value],
            kwargs={},
        )

    def ackable(self) -> AckableMessage:
        """For a receiver of taskiq's own: it could only lose the outcome, and is refused."""
        envelope = {
            "task_id": str(self.task.id),
            "task_name": self.task.type,
            "labels": labels_of(self.task),
            "args": [msgspec.Raw(self.task.input.encode())],
            "kwargs": {},
        }
        return AckableMessage(data=msgspec.json.encode(envelope), ack=_refuse)

    def interrupt(self, reason: Interruption) -> None:
        """Stop the run: its handler is cancelled, and may ask its context why."""
        # The first reason stands: a handler that is cleaning up is not told another one.
        if self.interruption is None:
            self.interruption = reason
            if self.running_in is not None:
                self.running_in.cancel(reason.message)


def labels_of(task: StartedTask) -> dict[str, Any]:
    """Taskiq's labels of a task; none for a task that did not come through ``.kiq()``."""
    return msgspec.json.decode(task.labels) if task.labels else {}


def _refuse() -> None:
    message = "Penstock's tasks are finished in the ledger: run them with 'penstock worker'"
    raise ForeignReceiverError(message)
