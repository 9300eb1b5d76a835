"""Connections that leave a server which turns out to be no master (any more).

After a failover the old master may live on as a replica: it takes connections and answers reads.
Whoever stays connected to it never gets anything done. Closing the connection is enough: whoever
opens the next one asks the Sentinels, or resolves the name, anew.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from redis import Connection as SyncConnection
from redis import SSLConnection as SyncSSLConnection
from redis import UnixDomainSocketConnection as SyncUnixConnection
from redis.asyncio import Connection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.sentinel import SentinelManagedConnection as SyncSentinelManagedConnection
from redis.sentinel import SentinelManagedSSLConnection as SyncSentinelManagedSSLConnection

from penstock.engine.tls import TlsContext

_SIGNS = (
    "-READONLY",  # how a script of Redis 6 passes on that it may not write
    "UNBLOCKED",  # a blocking read was ended, because the master became a replica
    "NOREPLICAS",  # a master that lost its replicas: it may be the one that was cut off
)


def is_no_master(error: ResponseError) -> bool:
    """Whether a server says by ``error`` that writing to it is no use."""
    if isinstance(error, ReadOnlyError | MasterDownError):
        return True
    return any(sign in str(error) for sign in _SIGNS)


class _Leaving:
    """Closes the connection when the server says that it is no master.

    And packs commands by hiredis, as redis-py's synchronous connections do: a claim may settle
    a hundred leases, and its asynchronous ones would take longer to write it down than the server
    to do it.
    """

    _serializer = HiredisRespSerializer()
    _writer: asyncio.StreamWriter | None

    def pack_command(self, *args: Any) -> list[bytes]:
        """A command as the server reads it; see redis-py."""
        packed: list[bytes] = self._serializer.pack(*args)
        return packed

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """The server's answer; see redis-py."""
        try:
            return await super().read_response(*args, **options)  # type: ignore[misc]
        except ResponseError as error:
            if is_no_master(error):
                await self.disconnect(nowait=True)
            raise

    async def disconnect(self, *args: Any, **options: Any) -> None:
        """Close the connection, whether or not the server takes leave, too.

        And whether or not this process stands still meanwhile: to close never fails.
        """
        writer = self._writer
        try:
            await super().disconnect(*args, **options)  # type: ignore[misc]
        except RedisTimeoutError:
            if writer is not None:
                writer.transport.abort()


class _Tls:
    """What asyncio's TLS needs beside; see redis-py for the rest.

    Args:
        context: what is trusted and shown.
        options: redis-py's.
    """

    _reader: asyncio.StreamReader | None

    def __init__(self, *, context: TlsContext, **options: Any) -> None:
        super().__init__(**options)
        self._context = context

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {**super()._connection_arguments(), "ssl": self._context.current()}  # type: ignore[misc]

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        """Send a command; see redis-py.

        A server that refuses the client says so after the handshake. By then the client may be
        writing, and asyncio would tell it that the connection is lost, and not why.
        """
        reader = self._reader
        try:
            await super().send_packed_command(*args, **options)  # type: ignore[misc]
        except RedisConnectionError as error:
            why = reader and reader.exception()
            if isinstance(why, ssl.SSLError):
                raise RedisConnectionError(f"{error} {why}") from why
            raise


class TcpConnection(_Leaving, Connection):
    """To one server."""


class TlsConnection(_Leaving, _Tls, Connection):
    """To one server, by TLS."""


class UnixConnection(_Leaving, UnixDomainSocketConnection):
    """To a server of this machine."""


class SentinelConnection(_Leaving, SentinelManagedConnection):
    """To the master that the Sentinels name."""


class SentinelTlsConnection(_Leaving, _Tls, SentinelManagedConnection):
    """To the master that the Sentinels name, by TLS."""


CONNECTIONS = {
    "redis": TcpConnection,
    "rediss": TlsConnection,
    "unix": UnixConnection,
    "redis-sentinel": SentinelConnection,
    "rediss-sentinel": SentinelTlsConnection,
    "redis-cluster": TcpConnection,
    "rediss-cluster": TlsConnection,
}
"""To a server that holds queues, by the scheme of the URL."""
SENTINEL_CONNECTIONS = {"redis-sentinel": TcpConnection, "rediss-sentinel": TlsConnection}
"""To a Sentinel."""


class _SyncLeaving:
    """The same for a thread without an event loop."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        """The server's answer; see redis-py."""
        # redis-py's connections by Sentinel leave it to their caller to close after a time-out,
        # whose answer the next command would take for its own.
        options.setdefault("disconnect_on_error", True)
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except ResponseError as error:
            if is_no_master(error):
                self.disconnect()  # type: ignore[attr-defined]
            raise


class SyncTcpConnection(_SyncLeaving, SyncConnection):
    """To one server."""


class SyncTlsConnection(_SyncLeaving, SyncSSLConnection):
    """To one server, by TLS."""


class SyncUnixSocketConnection(_SyncLeaving, SyncUnixConnection):
    """To a server of this machine."""


class SyncSentinelConnection(_SyncLeaving, SyncSentinelManagedConnection):
    """To the master that the Sentinels name."""


class SyncSentinelTlsConnection(_SyncLeaving, SyncSentinelManagedSSLConnection):
    """To the master that the Sentinels name, by TLS."""


SYNC_CONNECTIONS = {
    "redis": SyncTcpConnection,
    "rediss": SyncTlsConnection,
    "unix": SyncUnixSocketConnection,
    "redis-sentinel": SyncSentinelConnection,
    "rediss-sentinel": SyncSentinelTlsConnection,
    "redis-cluster": SyncTcpConnection,
    "rediss-cluster": SyncTlsConnection,
}
"""To a server that holds queues, by the scheme of the URL."""
SYNC_SENTINEL_CONNECTIONS = {
    "redis-sentinel": SyncTcpConnection,
    "rediss-sentinel": SyncTlsConnection,
}
"""To a Sentinel."""
