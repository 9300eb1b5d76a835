"""What a handler returned, as the ledger stores it."""

from typing import Any

import msgspec

from penstock.declarations import PermanentError


class NotStorableError(PermanentError):
    """A handler returned something that has no JSON, or not that of its declared output."""

    default_code = "result_not_storable"


def encode(task_type: str, output_type: Any, value: Any) -> bytes:
    """``value``, which the handler of ``task_type`` returned, as JSON.

    Raises:
        NotStorableError: if it has none.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        message = (
            f"task type {task_type!r} returned {type(value).__name__}, which cannot be stored as "
            f"JSON: {error}; return its declared output, {output_type!r}"
        )
        raise NotStorableError(message) from error
