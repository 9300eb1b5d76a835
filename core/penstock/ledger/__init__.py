"""The ledger: the tasks' rows in SQL, and the only truth about them."""

from penstock.ledger.batch_records import (
    BatchPage,
    BatchRecord,
    Callback,
    NewBatch,
    StatusCounts,
)
from penstock.ledger.errors import (
    ForeignDatabaseError,
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    NotMigratedError,
    TwinOpenError,
    TwinPendingError,
)
from penstock.ledger.leadership import Leadership
from penstock.ledger.ledger import Ledger
from penstock.ledger.overrides import Override, Overrides
from penstock.ledger.ownership import Ownership
from penstock.ledger.records import (
    Accepted,
    CancelWish,
    Checkpoint,
    ClaimedTask,
    EndedCounts,
    Failure,
    IdempotencyKey,
    NewTask,
    OpenTask,
    Origin,
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
from penstock.ledger.task_log import LogLine, LogSize, TaskLog
from penstock.ledger.types import first_id_of

__all__ = [
    "Accepted",
    "BatchPage",
    "BatchRecord",
    "Callback",
    "CancelWish",
    "Checkpoint",
    "ClaimedTask",
    "EndedCounts",
    "Failure",
    "ForeignDatabaseError",
    "IdempotencyKey",
    "IdempotencyKeyReusedError",
    "Leadership",
    "Ledger",
    "LedgerUnavailableError",
    "LogLine",
    "LogSize",
    "NewBatch",
    "NewTask",
    "NotMigratedError",
    "OpenTask",
    "Origin",
    "Outcome",
    "Override",
    "Overrides",
    "Ownership",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StatusCounts",
    "StoredArtifact",
    "TaskFilter",
    "TaskList",
    "TaskLog",
    "TaskPage",
    "TaskRecord",
    "TaskSummary",
    "Transition",
    "TwinOpenError",
    "TwinPendingError",
    "first_id_of",
]
