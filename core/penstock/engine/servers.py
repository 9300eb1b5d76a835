"""The Redis that holds the queues, and clients for it with the settings that a queue needs.

redis-py's defaults repeat a command up to ten times after a time-out, so one slow script would run
several times; and its five-second read time-out ends longer blocking reads. Both are set here.
"""

from __future__ import annotations

import socket
from typing import Any

from redis import ConnectionPool as SyncConnectionPool
from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.retry import Retry as SyncRetry

from penstock.engine.cluster_client import ClusterClient, SyncClusterClient
from penstock.engine.cluster_map import Address
from penstock.engine.cluster_nodes import (
    ClusterNodes,
    NodePools,
    SyncClusterNodes,
    SyncNodePools,
)
from penstock.engine.connections import (
    CONNECTIONS,
    SENTINEL_CONNECTIONS,
    SYNC_CONNECTIONS,
    SYNC_SENTINEL_CONNECTIONS,
)
from penstock.engine.sentinels import SentinelPool, Sentinels, SyncSentinelPool, SyncSentinels
from penstock.engine.tls import TlsContext
from penstock.redis_url import RedisUrl, RedisUrlError

COMMAND_TIMEOUT = 5.0
"""Seconds that a command may take."""
CONNECT_TIMEOUT = 1.5
"""Seconds that connecting may take."""
SENTINEL_TIMEOUT = 1.0
"""Seconds that one Sentinel may take to connect, and again to answer, before the next is asked; and
one node of a cluster that is asked which one holds what."""
BLOCKING_MARGIN = 5.0
"""Seconds that a blocking read may outlast its own time-out."""
_POOL_SIZE = 32
_POOL_WAIT = 5.0
# Each blocking read holds one for as long as it waits: one for a queue, in a worker.
_BLOCKING_POOL_SIZE = 1024
# RESP3 changes the shape of replies; the scripts' callers expect those of RESP2.
_PROTOCOL = 2
# A connection whose other end is gone without a word is noticed by the kernel within about 20 s,
# also while nothing but a blocking read is under way. (redis-py's health checks would not: they
# send a PING before a command, which fails no sooner than the command itself.)
_KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (
        ("TCP_KEEPIDLE", 10),
        ("TCP_KEEPALIVE", 10),  # its name on macOS
        ("TCP_KEEPINTVL", 3),
        ("TCP_KEEPCNT", 3),
        # Milliseconds. Keepalive is silent while something sent is not acknowledged yet: without
        # this, that takes a quarter of an hour.
        ("TCP_USER_TIMEOUT", 20_000),
    )
    if hasattr(socket, name)
}


class RedisServers:
    """One server, the master that Sentinels name, or a cluster: how to connect is known here alone.

    Its clients connect when they are used, and again after a failure, by themselves; what they
    raise meanwhile, ``penstock.engine.errors.translated`` turns into an error of the engine.
    After a failover they reach the new master. They repeat nothing: that is for their users, who
    know what may be repeated. Whoever asks for a client closes it.

    Args:
        url: as described in ``penstock.redis_url``.

    Raises:
        RedisUrlError: the URL cannot be honoured, or names files that cannot be read.
    """

    def __init__(self, url: str) -> None:
        try:
            self._url = RedisUrl.parse(url)
        except ValueError as error:
            raise RedisUrlError(f"expected REDIS_URL to be {error}") from None
        self._tls = TlsContext(self._url.tls) if self._url.scheme.startswith("rediss") else None
        self._nodes = ClusterNodes(self._url.hosts, self._asking) if self.is_cluster else None

    @property
    def is_cluster(self) -> bool:
        """Whether queues are spread over the nodes of a Redis Cluster."""
        return self._url.is_cluster

    @property
    def place(self) -> str:
        """Where that is, for people; without a secret."""
        return self._url.place

    def command_client(self) -> Redis:
        """A client for short commands; the engine decides itself what to repeat."""
        return self._client(self.command_pool())

    def command_pool(self) -> BlockingConnectionPool:
        """The connections for such a client, for libraries that want to make their own."""
        return self._pool(size=_POOL_SIZE, timeout=COMMAND_TIMEOUT)

    def blocking_client(self, longest_wait: float) -> Redis:
        """A client for blocking reads of at most ``longest_wait`` seconds."""
        return self._client(
            self._pool(size=_BLOCKING_POOL_SIZE, timeout=longest_wait + BLOCKING_MARGIN)
        )

    def heartbeat_client(self, timeout: float) -> SyncRedis:
        """A client for the heartbeat thread, which has no event loop.

        Args:
            timeout: seconds that connecting may take, and again each command.
        """
        url = self._url
        options = self._sync_options(timeout)
        brief = min(timeout, SENTINEL_TIMEOUT)
        if url.is_cluster:
            nodes = SyncClusterNodes(
                url.hosts,
                lambda node: SyncRedis.from_pool(
                    SyncConnectionPool(**self._sync_options(brief) | _at(node))
                ),
            )
            return SyncClusterClient.from_pool(SyncNodePools(nodes, **options))
        if url.master is None:
            return SyncRedis.from_pool(SyncConnectionPool(**options))
        asked = {
            **options,
            **self._at_sentinels(brief),
            "connection_class": SYNC_SENTINEL_CONNECTIONS[url.scheme],
        }
        sentinels = SyncSentinels(
            SyncRedis.from_pool(SyncConnectionPool(**asked | _at(host))) for host in url.hosts
        )
        return SyncRedis.from_pool(SyncSentinelPool(url.master, sentinels, **options))

    def _client(self, pool: BlockingConnectionPool) -> Redis:
        return (ClusterClient if self.is_cluster else Redis).from_pool(pool)

    def _pool(self, *, size: int, timeout: float) -> BlockingConnectionPool:
        url = self._url
        options = self._async_options(timeout, CONNECT_TIMEOUT)
        bounds: dict[str, Any] = {"max_connections": size, "timeout": _POOL_WAIT}
        if self._nodes is not None:
            return NodePools(self._nodes, **options, **bounds)
        if url.master is None:
            return BlockingConnectionPool(**options, **bounds)
        asked = {
            **options,
            **self._at_sentinels(SENTINEL_TIMEOUT),
            "connection_class": SENTINEL_CONNECTIONS[url.scheme],
        }
        sentinels = Sentinels(
            Redis.from_pool(ConnectionPool(**asked | _at(host))) for host in url.hosts
        )
        return SentinelPool(url.master, sentinels, **options, **bounds)

    def _asking(self, node: Address) -> Redis:
        """A client to ask a node of the cluster by, which of them holds what."""
        options = self._async_options(SENTINEL_TIMEOUT, SENTINEL_TIMEOUT)
        return Redis.from_pool(ConnectionPool(**options | _at(node)))

    def _async_options(self, timeout: float, connect_timeout: float) -> dict[str, Any]:
        options = self._options(timeout, connect_timeout, Retry(NoBackoff(), 0))
        if self._tls is not None:
            options["context"] = self._tls
        return {**options, "connection_class": CONNECTIONS[self._url.scheme]}

    def _sync_options(self, timeout: float) -> dict[str, Any]:
        options = self._options(timeout, timeout, SyncRetry(NoBackoff(), 0))
        return {
            **options,
            **self._url.tls,
            "connection_class": SYNC_CONNECTIONS[self._url.scheme],
        }

    def _options(self, timeout: float, connect_timeout: float, retry: object) -> dict[str, Any]:
        """redis-py's options of a connection to a server that holds queues."""
        url = self._url
        options: dict[str, Any] = {
            "db": url.db,
            "username": url.username,
            "password": url.password,
            "socket_timeout": timeout,
            "socket_connect_timeout": connect_timeout,
            "retry": retry,
            "protocol": _PROTOCOL,
        }
        if url.socket is not None:
            return {**options, "path": url.socket}
        if url.master is None:
            options |= _at(url.hosts[0])
        return {**options, "socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}

    def _at_sentinels(self, timeout: float) -> dict[str, Any]:
        """What is different in a connection to a Sentinel."""
        return {
            "db": 0,
            "username": self._url.sentinel_username,
            "password": self._url.sentinel_password,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
        }


def _at(node: Address) -> dict[str, Any]:
    """redis-py's options of a connection that say where to."""
    host, port = node
    return {"host": host, "port": port}
