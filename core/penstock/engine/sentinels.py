"""Asking Sentinels where the master is, and pools of connections to it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError
from redis.sentinel import Sentinel as SyncSentinel
from redis.sentinel import SentinelConnectionPool as SyncSentinelConnectionPool


class Sentinels(Sentinel):
    """The Sentinels of an installation, asked one after the other.

    redis-py's own says little of what went wrong, gives up at the first one that answers with an
    error, and keeps its connections open, for its user to close. After a failover everybody wants
    to know at once: they share one question.

    Args:
        clients: one for each of them.
    """

    def __init__(self, clients: Iterable[Redis]) -> None:
        super().__init__([])  # type: ignore[no-untyped-call]
        self.sentinels = list(clients)
        self._question: asyncio.Task[tuple[str, int]] | None = None

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Where the master is.

        Raises:
            MasterNotFoundError: with what each Sentinel said.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask(service_name), name="sentinels")
            self._question.add_done_callback(_taken_note_of)
        # Whoever is cancelled leaves the answer to the others.
        return await asyncio.shield(self._question)

    async def _ask(self, service_name: str) -> tuple[str, int]:
        said: list[str] = []
        for sentinel in list(self.sentinels):
            try:
                masters: Any = await sentinel.sentinel_masters()
            except (RedisError, OSError, ValueError) as error:
                said.append(_failed(sentinel, error))
                continue
            finally:
                await sentinel.connection_pool.disconnect(inuse_connections=False)
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                # Whoever answered is asked first the next time.
                self.sentinels.sort(key=lambda each: each is not sentinel)
                return state["ip"], state["port"]
            said.append(_knows_none(sentinel, service_name, masters))
        raise _not_found(service_name, said)


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master; who finds none free waits for one.

    Args:
        master: by what name the Sentinels know it.
        sentinels: who is asked where it is.
        options: redis-py's of the pool and of its connections.
    """

    def __init__(self, master: str, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(master, sentinels, **options)  # type: ignore[no-untyped-call]

    async def get_master_address(self) -> tuple[str, int]:
        """Where the master is now; connections to an earlier one are not used again."""
        address: tuple[str, int] = await self.sentinel_manager.discover_master(self.service_name)
        if address != self.master_address:
            self.master_address = address
            # redis-py closes the idle ones at once, while another task may just have taken one.
            for each in chain(self._available_connections, self._in_use_connections):
                if each.is_connected:
                    each.mark_for_reconnect()  # type: ignore[no-untyped-call]
        return address

    async def ensure_connection(self, connection: Any) -> None:
        """Make ``connection`` ready for a command."""
        if connection.should_reconnect():
            await connection.disconnect()
        await super().ensure_connection(connection)


class SyncSentinels(SyncSentinel):
    """The same for a thread without an event loop."""

    def __init__(self, clients: Iterable[SyncRedis]) -> None:
        super().__init__([])  # type: ignore[no-untyped-call]
        self.sentinels = list(clients)

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """Where the master is.

        Raises:
            MasterNotFoundError: with what each Sentinel said.
        """
        said: list[str] = []
        for sentinel in list(self.sentinels):
            try:
                masters: Any = sentinel.sentinel_masters()
            except (RedisError, OSError, ValueError) as error:
                said.append(_failed(sentinel, error))
                continue
            finally:
                sentinel.connection_pool.disconnect(inuse_connections=False)
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):  # type: ignore[no-untyped-call]
                self.sentinels.sort(key=lambda each: each is not sentinel)
                return state["ip"], state["port"]
            said.append(_knows_none(sentinel, service_name, masters))
        raise _not_found(service_name, said)


class SyncSentinelPool(SyncSentinelConnectionPool):
    """Connections to the master, for a thread without an event loop."""

    def __init__(self, master: str, sentinels: SyncSentinels, **options: Any) -> None:
        super().__init__(master, sentinels, **options)  # type: ignore[no-untyped-call]


def _taken_note_of(question: asyncio.Task[Any]) -> None:
    # Asked for, so that asyncio does not complain of an error that nobody is left to be told.
    if not question.cancelled():
        question.exception()


def _failed(sentinel: Any, error: Exception) -> str:
    return f"{_place(sentinel)}: {error}"


def _knows_none(sentinel: Any, name: str, masters: Mapping[str, Any]) -> str:
    if name in masters:
        return f"{_place(sentinel)}: the master is down"
    known = ", ".join(map(repr, sorted(masters))) or "none"
    return f"{_place(sentinel)}: it knows {known}"


def _not_found(name: str, said: Sequence[str]) -> MasterNotFoundError:
    return MasterNotFoundError(f"no Sentinel has a master {name!r} ({'; '.join(said)})")


def _place(sentinel: Any) -> str:
    # Not redis-py's own text of a client, which is long and quotes every option.
    options = sentinel.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"
