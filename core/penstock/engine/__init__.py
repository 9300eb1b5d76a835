"""The queue engine: order, limits and leases in Redis, by Lua scripts behind one Python face."""

from penstock.engine.engine import Claim, Counts, Engine, Entry, Lease, Settlement
from penstock.engine.errors import EngineFormatError, EngineUnavailableError, EpochMissingError
from penstock.engine.heartbeat import Beat, Heartbeat

__all__ = [
    "Beat",
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
