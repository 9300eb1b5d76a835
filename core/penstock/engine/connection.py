"""Connections to Redis with the settings that a queue needs.

redis-py's defaults repeat a command up to ten times after a time-out, so one slow script would run
several times; and its five-second read time-out ends longer blocking reads. Both are set here.
"""

from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.retry import Retry as SyncRetry

COMMAND_TIMEOUT = 5.0
"""Seconds that a command may take."""
CONNECT_TIMEOUT = 1.5
"""Seconds that connecting may take."""
BLOCKING_MARGIN = 5.0
"""Seconds that a blocking read may outlast its own time-out."""
_POOL_SIZE = 32
_POOL_WAIT = 5.0
# RESP3 changes the shape of replies; the scripts' callers expect those of RESP2.
_PROTOCOL = 2


def command_client(url: str) -> Redis:
    """A client for short commands; the engine decides itself what to repeat."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_POOL_SIZE,
        timeout=_POOL_WAIT,
        socket_timeout=COMMAND_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        protocol=_PROTOCOL,
    )
    return Redis.from_pool(pool)


def blocking_client(url: str, longest_wait: float) -> Redis:
    """A client for blocking reads of at most ``longest_wait`` seconds."""
    return Redis.from_url(
        url,
        socket_timeout=longest_wait + BLOCKING_MARGIN,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        protocol=_PROTOCOL,
    )


def heartbeat_client(url: str, timeout: float) -> SyncRedis:
    """A client for the heartbeat thread, which has no event loop."""
    return SyncRedis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=SyncRetry(NoBackoff(), 0),
        protocol=_PROTOCOL,
    )
