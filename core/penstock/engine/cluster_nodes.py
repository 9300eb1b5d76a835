"""Asking a Redis Cluster which node holds what, and pools of connections to its nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from redis import ConnectionPool as SyncConnectionPool
from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ClusterDownError, MovedError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from penstock.engine.cluster_map import (
    Address,
    ClusterMap,
    nobody_holds,
    nobody_says,
)
from penstock.redis_url import name_of

T = TypeVar("T")

_QUESTION = "CLUSTER SLOTS"


class ClusterNodes:
    """Knows which node holds what; the pools of a process share it.

    Args:
        seeds: the nodes to begin with.
        client: makes a client to ask a node by; it is closed after each question.
    """

    def __init__(self, seeds: Iterable[Address], client: Callable[[Address], Redis]) -> None:
        self.map = ClusterMap(seeds)
        self._client = client
        self._question: asyncio.Task[None] | None = None

    async def holder_of(self, slot: int) -> Address:
        """The node that holds ``slot``.

        Raises:
            ClusterUnreachableError: nobody says.
            ClusterDownError: none does.
        """
        node = self.map.node_of(slot)
        if node is None:
            await self.look()
            node = self.map.node_of(slot)
        if node is None:
            raise nobody_holds(slot)
        return node

    async def anyone(self) -> Address:
        """A node that has not failed lately.

        Raises:
            ClusterUnreachableError: there is none.
        """
        if not self.map.trusted:
            await self.look()
        return self.map.trusted[0]

    async def look(self) -> None:
        """Ask who holds what; whoever wants to know meanwhile gets the same answer.

        Raises:
            ClusterUnreachableError: with what each node said.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask(), name="cluster nodes")
            self._question.add_done_callback(_taken_note_of)
        # Whoever is cancelled leaves the answer to the others.
        await asyncio.shield(self._question)

    async def _ask(self) -> None:
        said: list[str] = []
        for node in self.map.to_ask:
            try:
                async with self._client(node) as client:
                    answer: Any = await client.execute_command(_QUESTION)  # type: ignore[no-untyped-call]
            except (RedisError, OSError, ValueError) as error:
                said.append(f"{name_of(node)}: {error}")
                self.map.doubt(node)
            else:
                self.map.learn(node, answer)
                return
        raise nobody_says(said)


class NodePools(BlockingConnectionPool):
    """Connections to all nodes; who finds none free to his node waits for one.

    Used as one pool, it gives connections to some node, for what is the same at each of them.

    Args:
        nodes: who holds what.
        options: redis-py's of the pool of one node, and of its connections.
    """

    def __init__(self, nodes: ClusterNodes, **options: Any) -> None:
        super().__init__(**options)
        self.nodes = nodes
        self._options = options
        self._clients: dict[Address, Redis] = {}

    def client(self, node: Address) -> Redis:
        """A client for one node, by a pool of its own."""
        if node not in self._clients:
            at: dict[str, Any] = {"host": node[0], "port": node[1]}
            self._clients[node] = Redis.from_pool(BlockingConnectionPool(**self._options | at))
        return self._clients[node]

    async def at_slot(self, slot: int, what: Callable[[Redis], Awaitable[T]]) -> T:
        """What comes of ``what`` at the node that holds ``slot``.

        If that one says that the slot has moved, it has done nothing, and the one that it names is
        tried. Nothing else is repeated.
        """
        node = await self.nodes.holder_of(slot)
        try:
            return await self.at(node, what)
        except MovedError as error:
            return await self.at(self.nodes.map.moved(error, node), what)

    async def get_connection(self, *_args: Any, **_options: Any) -> Any:
        """A connection to some node."""

        async def connect(client: Redis) -> Any:
            pool: Any = client.connection_pool
            return await pool.get_connection()

        return await self.at(await self.nodes.anyone(), connect)

    async def release(self, connection: Any) -> None:
        """Give a connection back."""
        await self.client((connection.host, connection.port)).connection_pool.release(connection)

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002, RUF100  (redis-py's)
        """Close all connections."""
        for client in self._clients.values():
            await client.connection_pool.disconnect(inuse_connections)

    async def at(self, node: Address, what: Callable[[Redis], Awaitable[T]]) -> T:
        """What comes of ``what`` at ``node``."""
        with _doubting(self.nodes.map, node):
            return await what(self.client(node))


class SyncClusterNodes:
    """The same for a thread without an event loop."""

    def __init__(self, seeds: Iterable[Address], client: Callable[[Address], SyncRedis]) -> None:
        self.map = ClusterMap(seeds)
        self._client = client

    def holder_of(self, slot: int) -> Address:
        """The node that holds ``slot``.

        Raises:
            ClusterUnreachableError: nobody says.
            ClusterDownError: none does.
        """
        node = self.map.node_of(slot)
        if node is None:
            self.look()
            node = self.map.node_of(slot)
        if node is None:
            raise nobody_holds(slot)
        return node

    def anyone(self) -> Address:
        """A node that has not failed lately.

        Raises:
            ClusterUnreachableError: there is none.
        """
        if not self.map.trusted:
            self.look()
        return self.map.trusted[0]

    def look(self) -> None:
        """Ask who holds what.

        Raises:
            ClusterUnreachableError: with what each node said.
        """
        said: list[str] = []
        for node in self.map.to_ask:
            try:
                with self._client(node) as client:
                    answer: Any = client.execute_command(_QUESTION)
            except (RedisError, OSError, ValueError) as error:
                said.append(f"{name_of(node)}: {error}")
                self.map.doubt(node)
            else:
                self.map.learn(node, answer)
                return
        raise nobody_says(said)


class SyncNodePools(SyncConnectionPool):
    """Connections to all nodes, for a thread without an event loop."""

    def __init__(self, nodes: SyncClusterNodes, **options: Any) -> None:
        super().__init__(**options)
        self.nodes = nodes
        self._options = options
        self._clients: dict[Address, SyncRedis] = {}

    def client(self, node: Address) -> SyncRedis:
        """A client for one node, by a pool of its own."""
        if node not in self._clients:
            at: dict[str, Any] = {"host": node[0], "port": node[1]}
            self._clients[node] = SyncRedis.from_pool(SyncConnectionPool(**self._options | at))
        return self._clients[node]

    def at_slot(self, slot: int, what: Callable[[SyncRedis], T]) -> T:
        """What comes of ``what`` at the node that holds ``slot``; see :class:`NodePools`."""
        node = self.nodes.holder_of(slot)
        try:
            return self.at(node, what)
        except MovedError as error:
            return self.at(self.nodes.map.moved(error, node), what)

    def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002, RUF100  (redis-py's)
        """Close all connections."""
        for client in self._clients.values():
            client.connection_pool.disconnect(inuse_connections)

    def at(self, node: Address, what: Callable[[SyncRedis], T]) -> T:
        """What comes of ``what`` at ``node``."""
        with _doubting(self.nodes.map, node):
            return what(self.client(node))


@contextmanager
def _doubting(known: ClusterMap, node: Address) -> Iterator[None]:
    """Whoever fails may have lost its slots to another node, or is cut off from all of them."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, ClusterDownError, OSError) as error:
        known.doubt(node)
        name = name_of(node)
        if isinstance(error, RedisError) and name not in str(error):
            # "Connection closed by server." says little where there are several.
            error.args = (f"{name}: {error}",)
        raise


def _taken_note_of(question: asyncio.Task[Any]) -> None:
    # Asked for, so that asyncio does not complain of an error that nobody is left to be told.
    if not question.cancelled():
        question.exception()
