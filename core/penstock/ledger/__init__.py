"""The ledger: the tasks' rows in SQL, and the only truth about them."""

from penstock.ledger.errors import LedgerUnavailableError
from penstock.ledger.leadership import Leadership
from penstock.ledger.ledger import Ledger
from penstock.ledger.overrides import Override, Overrides
from penstock.ledger.records import (
    CancelWish,
    Checkpoint,
    ClaimedTask,
    EndedCounts,
    Failure,
    NewTask,
    OpenTask,
    Outcome,
    RefusedStart,
    StartedTask,
    Status,
    StoredArtifact,
    TaskRecord,
    TaskSummary,
    Transition,
)
from penstock.ledger.task_filter import TaskFilter, TaskPage
from penstock.ledger.task_list import TaskList
from penstock.ledger.types import first_id_of

__all__ = [
    "CancelWish",
    "Checkpoint",
    "ClaimedTask",
    "EndedCounts",
    "Failure",
    "Leadership",
    "Ledger",
    "LedgerUnavailableError",
    "NewTask",
    "OpenTask",
    "Outcome",
    "Override",
    "Overrides",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StoredArtifact",
    "TaskFilter",
    "TaskList",
    "TaskPage",
    "TaskRecord",
    "TaskSummary",
    "Transition",
    "first_id_of",
]
