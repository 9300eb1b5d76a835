"""The ledger: the tasks' rows in SQL, and the only truth about them."""

from penstock.ledger.batch_records import BatchRecord, Callback, NewBatch, StatusCounts
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

__all__ = [
    "BatchRecord",
    "Callback",
    "CancelWish",
    "Checkpoint",
    "ClaimedTask",
    "EndedCounts",
    "Failure",
    "Leadership",
    "Ledger",
    "LedgerUnavailableError",
    "NewBatch",
    "NewTask",
    "OpenTask",
    "Outcome",
    "Override",
    "Overrides",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StatusCounts",
    "StoredArtifact",
    "TaskRecord",
    "Transition",
]
