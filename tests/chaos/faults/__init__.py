"""The faults that there are. A new one is a class in a module here, and a line below."""

from tests.chaos.faults.apis import KillApi, StopApi
from tests.chaos.faults.failover import FailOver, FailOverNode
from tests.chaos.faults.fault import Fault, Scale
from tests.chaos.faults.layout import NewerLayout
from tests.chaos.faults.leader import KillLeader
from tests.chaos.faults.network import POSTGRES_LINE_FAULTS, REDIS_LINE_FAULTS
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
from tests.chaos.faults.workers import ChangeVersion, FreezeWorker, KillWorker, StopWorker

_ANYWHERE: tuple[type[Fault], ...] = (
    KillWorker,
    StopWorker,
    FreezeWorker,
    ChangeVersion,
    KillApi,
    StopApi,
    KillLeader,
    FlushRedis,
    CutRedis,
    RestartPostgres,
    KillPostgres,
    PausePostgres,
    CutPostgres,
    *POSTGRES_LINE_FAULTS,
    NewerLayout,
)
FAULTS: tuple[type[Fault], ...] = (
    *_ANYWHERE,
    RestartRedis,
    KillRedis,
    PauseRedis,
    ReplaceRedis,
    RewindRedis,
    *REDIS_LINE_FAULTS,
)
"""What happens to an installation with one Redis."""
SENTINEL_FAULTS: tuple[type[Fault], ...] = (*_ANYWHERE, FailOver)
"""What happens to one whose Redis is watched by Sentinels; nothing is between it and its callers,
whom the Sentinels tell where the servers really are."""
CLUSTER_FAULTS: tuple[type[Fault], ...] = (*_ANYWHERE, FailOverNode)
"""What happens to one whose queues are spread over the nodes of a Redis Cluster."""

AT_LEAST = sum(each.least for each in FAULTS)
"""How many faults there are in the shortest plan that has all that every plan should have."""

__all__ = ["AT_LEAST", "CLUSTER_FAULTS", "FAULTS", "SENTINEL_FAULTS", "Fault", "Scale"]
