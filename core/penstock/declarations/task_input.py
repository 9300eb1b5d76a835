"""A task's input as text."""

from typing import Any

import msgspec

from penstock.declarations.errors import DeclarationError


def encode(type_name: str, value: Any) -> bytes:
    """``value``, which shall be the input of a task of that type, as JSON.

    Raises:
        DeclarationError: it has no JSON form.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        message = f"expected input of task type {type_name!r} to have a JSON form: {error}"
        raise DeclarationError(message) from error
