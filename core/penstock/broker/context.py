"""The context that a running handler gets."""

from __future__ import annotations

from penstock.broker.progress import ProgressWriter
from penstock.declarations import Context
from penstock.dispatch import ArtifactStore, TaskArtifacts
from penstock.ledger import StartedTask


class TaskContext(Context):
    """:class:`~penstock.declarations.Context` over the ledger and the storage."""

    def __init__(
        self, task: StartedTask, *, artifacts: ArtifactStore, progress: ProgressWriter
    ) -> None:
        self.task_id = task.id
        self.task_type = task.type
        self.queue = task.queue
        self.user_id = task.user_id
        self.attempt = task.attempts
        self.artifacts = TaskArtifacts(artifacts, task.id)
        self._run = task.run
        self._progress = progress

    async def progress(self, percent: float, message: str = "") -> None:
        """See :meth:`penstock.declarations.Context.progress`."""
        self._progress.report(self.task_id, self._run, percent, message)
