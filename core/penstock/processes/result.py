"""What a handler returned, as the ledger stores it."""

from typing import Any

import msgspec

from penstock.declarations import PermanentError
from penstock.declarations.data_type import DataType
from penstock.declarations.unfit import UnfitError


class NotStorableError(PermanentError):
    """A handler returned something that has no JSON, or not that of its declared output."""

    default_code = "result_not_storable"


class TooLargeError(PermanentError):
    """A handler returned more than the operator allows."""

    default_code = "result_too_large"


def encode(task_type: str, output: DataType, value: Any, *, most: int) -> bytes:
    """``value``, which the handler of ``task_type`` returned, as JSON of at most ``most`` bytes.

    Raises:
        NotStorableError: if it has none.
        TooLargeError: if that is longer.
    """
    try:
        if isinstance(value, msgspec.Raw):
            # That of a process has been through here already.
            encoded = bytes(value)
        else:
            encoded = output.encode(value)
            # Whoever reads it relies on its type, which no encoder looks at.
            output.decode(encoded)
    except UnfitError as error:
        message = (
            f"task type {task_type!r} returned {type(value).__name__}, which is not its declared "
            f"output: {error}; return {output.kind!r}, or declare what it returns"
        )
        raise NotStorableError(message) from error
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        message = (
            f"task type {task_type!r} returned {type(value).__name__}, which cannot be stored as "
            f"JSON: {error}; return its declared output, {output.kind!r}"
        )
        raise NotStorableError(message) from error
    if len(encoded) > most:
        message = (
            f"task type {task_type!r} returned {len(encoded):,} bytes of JSON, more than the "
            f"{most:,} that are allowed; store it as an artifact and return that, or have the "
            "operator raise PENSTOCK_MAX_RESULT_BYTES"
        )
        raise TooLargeError(message)
    return encoded
