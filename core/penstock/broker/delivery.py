"""One run of a task on its way through taskiq's receiver."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from pydantic import ConfigDict
from taskiq import AckableMessage, TaskiqMessage

from penstock.declarations import Interruption, PenstockError
from penstock.engine import Lease
from penstock.ledger import StartedTask


class ForeignReceiverError(PenstockError):
    """A receiver that does not know the ledger tried to finish a task."""


class Delivery(AckableMessage):
    """A started task and its lease, as a message that taskiq understands.

    :class:`~penstock.broker.receiver.Receiver` finishes it through its consumer; a receiver that
    merely acknowledges would lose the outcome, and is refused.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    task: StartedTask
    lease: Lease
    running_in: asyncio.Task[Any] | None = None
    interruption: Interruption | None = None

    @classmethod
    def of(cls, task: StartedTask, lease: Lease) -> Delivery:
        """Wrap a started task, without pydantic's validation: both are ours."""
        envelope = {
            "task_id": str(task.id),
            "task_name": task.type,
            "labels": labels_of(task),
            "args": [msgspec.Raw(task.input.encode())],
            "kwargs": {},
        }
        return cls.model_construct(
            data=msgspec.json.encode(envelope),
            ack=_refuse,
            task=task,
            lease=lease,
            running_in=None,
            interruption=None,
        )

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
    message = (
        "Penstock's tasks are finished in the ledger: run 'penstock worker', or 'taskiq worker' "
        "with --receiver penstock.broker:Receiver"
    )
    raise ForeignReceiverError(message)
