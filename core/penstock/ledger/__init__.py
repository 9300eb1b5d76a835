"""The ledger: the tasks' rows in SQL, and the only truth about them."""

from penstock.ledger.batch_records import (
    BatchRecord,
    Callback,
    NewBatch,
    StatusCounts,
)
from penstock.ledger.errors import (
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    TwinOpenError,
    TwinPendingError,
)
from penstock.ledger.leadership import (
    Leadership,
)
from penstock.ledger.ledger import (
    Ledger,
)
from penstock.ledger.overrides import (
    Override,
    Overrides,
)
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
    Transition,
)
from penstock.ledger.task_log import (
    LogLine,
    LogSize,
    TaskLog,
)

__all__ = [
    "Accepted",
    "BatchRecord",
    "Callback",
    "CancelWish",
    "Checkpoint",
    "ClaimedTask",
    "EndedCounts",
    "Failure",
    "IdempotencyKey",
    "IdempotencyKeyReusedError",
    "Leadership",
    "Ledger",
    "LedgerUnavailableError",
    "LogLine",
    "LogSize",
    "NewBatch",
    "NewTask",
    "OpenTask",
    "Origin",
    "Outcome",
    "Override",
    "Overrides",
    "RefusedStart",
    "StartedTask",
    "Status",
    "StatusCounts",
    "StoredArtifact",
    "TaskLog",
    "TaskRecord",
    "Transition",
    "TwinOpenError",
    "TwinPendingError",
]
