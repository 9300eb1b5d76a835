"""What can go wrong between us and Redis.

::

    PenstockError
    └── EngineUnavailableError      Redis is away, too slow, or refuses commands
        ├── EpochMissingError       the queue's index is gone; the reconciler rebuilds it
        └── EngineFormatError       the index was written by a newer Penstock
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from penstock.declarations import PenstockError


class EngineUnavailableError(PenstockError):
    """Redis cannot be reached, did not answer in time, or refuses to work."""


class EpochMissingError(EngineUnavailableError):
    """The queue has no index in Redis yet, or no longer; it is rebuilt within seconds."""


class EngineFormatError(EngineUnavailableError):
    """The keys in Redis have a newer layout than this process understands."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever the client raises into :class:`EngineUnavailableError`."""
    try:
        yield
    except (RedisError, OSError) as error:
        message = f"Redis could not {what}: {type(error).__name__}: {error}"
        raise EngineUnavailableError(message) from error
