"""What following a task may end in.

::

    PenstockError
    ├── BatchNotFoundError      the ledger has no such batch (also a LookupError)
    ├── TaskFailedError         the task ended, but not in success
    ├── TaskNotFoundError       the ledger has no such task (also a LookupError)
    └── TaskStatusError         the task's status does not allow what was asked
"""

from uuid import UUID

from penstock.declarations import PenstockError
from penstock.ledger import Status


class TaskFailedError(PenstockError):
    """The task failed, or was cancelled.

    Attributes:
        task_id: which one.
        code: the short, stable word for why: the ``error.code`` of the API.
    """

    def __init__(self, task_id: UUID, *, code: str, message: str) -> None:
        super().__init__(f"task {task_id} failed with {code}: {message}")
        self.task_id = task_id
        self.code = code


class BatchNotFoundError(PenstockError, LookupError):
    """The ledger has no batch of this id."""

    def __init__(self, batch_id: UUID) -> None:
        super().__init__(f"there is no batch {batch_id} in this ledger")
        self.batch_id = batch_id


class TaskNotFoundError(PenstockError, LookupError):
    """The ledger has no task of this id."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(f"there is no task {task_id} in this ledger")
        self.task_id = task_id


class TaskStatusError(PenstockError):
    """The task's status does not allow what was asked of it.

    Attributes:
        task_id: which one.
        status: where it is in its life.
    """

    def __init__(self, task_id: UUID, *, status: Status, message: str) -> None:
        super().__init__(f"task {task_id} is {status.value}: {message}")
        self.task_id = task_id
        self.status = status
