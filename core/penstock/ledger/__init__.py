"""The ledger: the tasks' rows in SQL, and the only truth about them."""

from penstock.ledger.errors import LedgerUnavailableError
from penstock.ledger.ledger import Ledger
from penstock.ledger.records import (
    Checkpoint,
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
)

__all__ = [
    "Checkpoint",
    "EndedCounts",
    "Failure",
    "Ledger",
    "LedgerUnavailableError",
    "NewTask",
    "OpenTask",
    "Outcome",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StoredArtifact",
    "TaskRecord",
]
