"""The queue engine: order, limits and leases in Redis, by Lua scripts behind one Python face."""

from penstock.engine.engine import Claim, Counts, Engine, Entry, Lease, Settlement
from penstock.engine.errors import EngineFormatError, EngineUnavailableError, EpochMissingError
from penstock.engine.heartbeat import Heartbeat

__all__ = [
    "Claim",
    "Counts",
    "Engine",
    "EngineFormatError",
    "EngineUnavailableError",
    "Entry",
    "EpochMissingError",
    "Heartbeat",
    "Lease",
    "Settlement",
]
