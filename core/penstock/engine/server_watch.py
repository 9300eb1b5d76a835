"""Whether the server is one that queues can be entrusted to, and still the same one."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from redis.asyncio import Redis

from penstock.engine.cluster_client import ClusterClient
from penstock.engine.errors import UnsuitableServerError, translated
from penstock.engine.servers import RedisServers
from penstock.redis_url import name_of

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

    @property
    def history(self) -> tuple[str, str]:
        """What changes when it may have forgotten recent writes."""
        return self.run_id, self.replication_id

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
    """Looks at the server, or at each master of a cluster, by one ``INFO``.

    Args:
        servers: the Redis that holds the queues.
    """

    def __init__(self, servers: RedisServers) -> None:
        self._place = servers.place
        self._client = servers.command_client()
        self._known: dict[str, ServerInfo] = {}
        self._told: dict[str, str] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def check(self) -> Sequence[ServerInfo]:
        """What each server says of itself, if all that answer are fit.

        Raises:
            UnsuitableServerError: one is not; the message names it, and says what to do.
            EngineUnavailableError: none could be asked.
        """
        infos = await self._ask()
        for place, info in infos.items():
            if problem := info.problem():
                raise UnsuitableServerError(_complaint(place, problem))
        return list(infos.values())

    async def changed(self, queues: Iterable[str]) -> set[str]:
        """Those of ``queues`` for which another process or another history answers than before.

        Either may have forgotten recent writes, whatever else looks the same. The first answer for
        a queue changes nothing. A server that turns out to be unsuitable is logged as an error,
        once: a process that runs is more use on it than one that stops.

        Raises:
            EngineUnavailableError: no server could be asked. Of one that could not, nothing is
                said; the next answer for its queues is compared with the last one.
        """
        infos = await self._ask()
        for place, info in infos.items():
            problem = info.problem()
            if problem and problem != self._told.get(place):
                _log.error("%s", _complaint(place, problem))
            self._told[place] = problem
        now = {queue: infos[place] for queue in queues if (place := self._place_of(queue)) in infos}
        known, self._known = self._known, self._known | now
        return {
            queue
            for queue, info in now.items()
            if queue in known and info.history != known[queue].history
        }

    async def _ask(self) -> Mapping[str, ServerInfo]:
        """By place. Whoever could not be asked is left out, unless that is everybody."""
        with translated("describe itself"):
            clients = await self._clients()
            answers = await asyncio.gather(
                *(each.info() for each in clients.values()), return_exceptions=True
            )
            infos = {
                place: ServerInfo.of(answer)
                for place, answer in zip(clients, answers, strict=True)
                if not isinstance(answer, BaseException)
            }
            for answer in answers:
                if isinstance(answer, BaseException) and not infos:
                    raise answer
        return infos

    async def _clients(self) -> Mapping[str, Redis]:
        if isinstance(self._client, ClusterClient):
            masters = await self._client.masters()
            return {name_of(node): client for node, client in masters.items()}
        return {self._place: self._client}

    def _place_of(self, queue: str) -> str:
        if isinstance(self._client, ClusterClient):
            node = self._client.holder_of(queue)
            return name_of(node) if node else ""
        return self._place


def _complaint(place: str, problem: str) -> str:
    return f"expected the Redis of REDIS_URL ({place}) {problem}"
