"""Whether the server is one that queues can be entrusted to, and still the same one."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from penstock.engine.errors import UnsuitableServerError, translated
from penstock.engine.servers import RedisServers

OLDEST_REDIS = (6, 2)
"""The first one with ZMSCORE. Every Valkey is younger."""
_POLICY = "noeviction"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What a server says of itself; empty where it says nothing.

    Attributes:
        product: ``redis`` or ``valkey``, or what else speaks their protocol.
        version: of that product.
        run_id: changes with every start of the process.
        replication_id: changes when a replica becomes a master.
        role: ``master``, or ``slave`` for a replica.
        maxmemory_policy: what it does when its memory is full.
    """

    product: str
    version: str
    run_id: str
    replication_id: str
    role: str
    maxmemory_policy: str

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Self:
        """From the answer to ``INFO``."""
        product = str(info.get("server_name") or "redis")
        version = info.get(f"{product}_version") or info.get("redis_version", "")
        return cls(
            product=product,
            version=str(version),
            run_id=str(info.get("run_id", "")),
            replication_id=str(info.get("master_replid", "")),
            role=str(info.get("role", "")),
            maxmemory_policy=str(info.get("maxmemory_policy", "")),
        )

    def problem(self) -> str:
        """What is wrong with it, as the end of a sentence that names it; empty if nothing is."""
        version = tuple(int(each) for each in re.findall(r"\d+", self.version)[:2])
        if self.product == "redis" and version and version < OLDEST_REDIS:
            oldest = ".".join(map(str, OLDEST_REDIS))
            return f"to be Redis {oldest} or newer, or Valkey, got Redis {self.version}: upgrade it"
        # Whatever its maxmemory is now: it may be lowered while the server runs.
        if self.maxmemory_policy not in {"", _POLICY}:
            return (
                f"to have maxmemory-policy {_POLICY}, got {self.maxmemory_policy!r}: when its "
                f"memory is full it would throw queues away. Set maxmemory-policy to {_POLICY} "
                f"(CONFIG SET maxmemory-policy {_POLICY}, its configuration file, or the "
                "parameters of your provider), or give Penstock a Redis of its own"
            )
        return ""


class ServerWatch:
    """Looks at the server by one ``INFO``, over a connection of its own.

    Args:
        servers: the Redis that holds the queues.
    """

    def __init__(self, servers: RedisServers) -> None:
        self._place = servers.place
        self._client = servers.command_client()
        self._known: ServerInfo | None = None
        self._told = ""

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def check(self) -> ServerInfo:
        """What the server says of itself, if it is fit.

        Raises:
            UnsuitableServerError: it is not; the message names it, and says what to do.
            EngineUnavailableError: it could not be asked.
        """
        info = await self._ask()
        if problem := info.problem():
            raise UnsuitableServerError(self._complaint(problem))
        return info

    async def changed(self) -> bool:
        """Whether another process or another history answers than the last time.

        Either may have forgotten recent writes, whatever else looks the same. The first answer
        changes nothing. A server that turns out to be unsuitable is logged as an error, once: a
        process that runs is more use on it than one that stops.

        Raises:
            EngineUnavailableError: it could not be asked; the next call compares with the last
                answer.
        """
        known, info = self._known, await self._ask()
        self._known = info
        problem = info.problem()
        if problem and problem != self._told:
            _log.error("%s", self._complaint(problem))
        self._told = problem
        return known is not None and (known.run_id, known.replication_id) != (
            info.run_id,
            info.replication_id,
        )

    async def _ask(self) -> ServerInfo:
        with translated("describe itself"):
            return ServerInfo.of(await self._client.info())

    def _complaint(self, problem: str) -> str:
        return f"expected the Redis of REDIS_URL ({self._place}) {problem}"
