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
    Transition,
)
from penstock.ledger.task_log import LogLine, LogSize, TaskLog

__all__ = [
    "CancelWish",
    "Checkpoint",
    "ClaimedTask",
    "EndedCounts",
    "Failure",
    "Leadership",
    "Ledger",
    "LedgerUnavailableError",
    "LogLine",
    "LogSize",
    "NewTask",
    "OpenTask",
    "Outcome",
    "Override",
    "Overrides",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StoredArtifact",
    "TaskLog",
    "TaskRecord",
    "Transition",
]
