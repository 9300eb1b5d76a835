"""What one run keeps for later ones, and finds of earlier ones."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from penstock.broker.patience import patiently
from penstock.broker.ports import CheckpointStore
from penstock.declarations import PermanentError, SupersededError, checkpoint
from penstock.ledger import Checkpoint, StartedTask

S = TypeVar("S")


class Checkpoints:
    """The checkpoints of a task, as one run of it sees them.

    Args:
        ledger: keeps them.
        task: whose they are.
        max_bytes: how long the JSON of each may be.
    """

    def __init__(self, ledger: CheckpointStore, task: StartedTask, *, max_bytes: int) -> None:
        self._ledger = ledger
        self._task = task
        self._max_bytes = max_bytes

    async def save(self, name: str, value: object) -> None:
        """See :meth:`penstock.declarations.Context.save`."""
        task = self._task
        data = checkpoint.encode(name, value, most=self._max_bytes)
        kept = Checkpoint(task_id=task.id, run=task.run, name=name, data=data)
        try:
            saved = await patiently(
                task.id, lambda: self._ledger.save_checkpoint(kept), f"saving checkpoint {name!r}"
            )
        except DBAPIError as error:
            message = f"the database refused checkpoint {name!r}: {error.orig}"
            raise PermanentError(message, code="checkpoint_not_storable") from error
        if not saved:
            message = (
                f"checkpoint {name!r} of task {task.id} was not saved: run {task.run} was "
                "superseded or has ended; stop working, and let this error pass"
            )
            raise SupersededError(message)

    async def load(self, name: str, kind: type[S]) -> S | None:
        """See :meth:`penstock.declarations.Context.load`."""
        checkpoint.check_name(name)
        found = await patiently(
            self._task.id,
            lambda: self._ledger.find_checkpoint(self._task.id, name),
            f"loading checkpoint {name!r}",
        )
        if found is None:
            return None
        return checkpoint.decode(name, found.data, kind)
