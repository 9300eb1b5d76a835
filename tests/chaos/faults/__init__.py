"""The faults that there are. A new one is a class in a module here, and a line below."""

from tests.chaos.faults.apis import KillApi, StopApi
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.faults.layout import NewerLayout
from tests.chaos.faults.network import LINE_FAULTS
from tests.chaos.faults.postgres import CutPostgres, KillPostgres, PausePostgres, RestartPostgres
from tests.chaos.faults.redis import (
    CutRedis,
    FlushRedis,
    KillRedis,
    PauseRedis,
    ReplaceRedis,
    RestartRedis,
    RewindRedis,
)
from tests.chaos.faults.workers import FreezeWorker, KillWorker, StopWorker

FAULTS: tuple[type[Fault], ...] = (
    KillWorker,
    StopWorker,
    FreezeWorker,
    KillApi,
    StopApi,
    RestartRedis,
    KillRedis,
    PauseRedis,
    FlushRedis,
    ReplaceRedis,
    RewindRedis,
    CutRedis,
    RestartPostgres,
    KillPostgres,
    PausePostgres,
    CutPostgres,
    *LINE_FAULTS,
    NewerLayout,
)

__all__ = ["FAULTS", "Fault", "Scale"]
