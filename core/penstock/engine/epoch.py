"""The epoch: which build of a queue's index it is, and in which layout."""

from typing import Any
from uuid import uuid4

from redis.exceptions import ResponseError

from penstock.engine.errors import EngineFormatError, EngineUnavailableError, EpochMissingError
from penstock.engine.keys import FORMAT


def new_epoch() -> str:
    """An epoch that no other index has; the layout's number stands in front."""
    return f"{FORMAT}-{uuid4().hex}"


def is_older(found: Any) -> bool:
    """Whether ``found``, the value of an epoch key, is of a layout before this one."""
    return found is not None and _layout(bytes(found).decode("ascii")) < FORMAT


def known_epoch(queue: str, found: Any) -> str:
    """The epoch in ``found``, the value of the queue's epoch key.

    Raises:
        EpochMissingError: if there is none, or only that of an older layout.
        EngineFormatError: if a newer Penstock began the index.
    """
    if found is None or is_older(found):
        message = f"queue {queue!r} has no index in Redis yet; the reconciler builds it"
        raise EpochMissingError(message)
    epoch = bytes(found).decode("ascii")
    written_by = _layout(epoch)
    if written_by > FORMAT:
        message = (
            f"queue {queue!r} has key layout {written_by} in Redis, this process knows "
            f"{FORMAT}; upgrade it, or give it a namespace of its own"
        )
        raise EngineFormatError(message)
    return epoch


def _layout(epoch: str) -> int:
    return int(epoch.partition("-")[0])


def is_epoch_error(error: EngineUnavailableError) -> bool:
    """Whether a script was refused because the index is no longer the one that was thought."""
    cause = error.__cause__
    return isinstance(cause, ResponseError) and str(cause).startswith("EPOCH")
