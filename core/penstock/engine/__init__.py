"""The queue engine: order, limits and leases in Redis, by Lua scripts behind one Python face."""

from penstock.engine.changes import Change
from penstock.engine.cluster_client import ClusterClient
from penstock.engine.engine import Claim, Counts, Engine, Entry, Lease, Settlement
from penstock.engine.errors import (
    EngineFormatError,
    EngineUnavailableError,
    EpochMissingError,
    UnsuitableServerError,
)
from penstock.engine.hearing import hear
from penstock.engine.heartbeat import Beat, Heartbeat
from penstock.engine.member import Member
from penstock.engine.provider_limits import Grant, GrantSettlement, ProviderLimits
from penstock.engine.server_watch import ServerInfo, ServerWatch
from penstock.engine.servers import RedisServers

__all__ = [
    "Beat",
    "Change",
    "Claim",
    "ClusterClient",
    "Counts",
    "Engine",
    "EngineFormatError",
    "EngineUnavailableError",
    "Entry",
    "EpochMissingError",
    "Grant",
    "GrantSettlement",
    "Heartbeat",
    "Lease",
    "Member",
    "ProviderLimits",
    "RedisServers",
    "ServerInfo",
    "ServerWatch",
    "Settlement",
    "UnsuitableServerError",
    "hear",
]
