"""What can go wrong between us and Redis.

::

    PenstockError
    └── EngineUnavailableError      Redis is away, too slow, or refuses commands
        ├── EpochMissingError       the queue's index is gone; the reconciler rebuilds it
        ├── EngineFormatError       the index was written by a newer Penstock
        └── UnsuitableServerError   this server is too old, or throws keys away (also a
                                    RedisUrlError: a process that starts on it is refused)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from penstock.declarations import PenstockError
from penstock.engine.remedies import remedy
from penstock.redis_url import RedisUrlError


class EngineUnavailableError(PenstockError):
    """Redis cannot be reached, did not answer in time, or refuses to work."""


class EpochMissingError(EngineUnavailableError):
    """The queue has no index in Redis yet, or no longer; it is rebuilt within seconds."""


class EngineFormatError(EngineUnavailableError):
    """The keys in Redis have a newer layout than this process understands."""


class UnsuitableServerError(EngineUnavailableError, RedisUrlError):
    """``REDIS_URL`` names a server that queues cannot be entrusted to."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever the client raises into :class:`EngineUnavailableError`.

    The message says what to do about it where that is not to wait.
    """
    try:
        yield
    # A ValueError is what the look-up of a host name raises if it is none; a RuntimeError, what
    # uvloop raises when it writes to a connection that has just been closed.
    except (RedisError, OSError, ValueError, RuntimeError) as error:
        message = f"Redis could not {what}: {type(error).__name__}: {error}"
        if advice := remedy(error):
            message = f"{message.rstrip('.')}; {advice}"
        raise EngineUnavailableError(message) from error
