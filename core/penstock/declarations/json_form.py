"""Any value as JSON: what msgspec knows, and models of pydantic in any place of it."""

from typing import Any

import msgspec


def to_json(value: object) -> bytes:
    """``value``, whose type nobody has declared, as JSON.

    Raises:
        TypeError, ValueError, msgspec.MsgspecError, RecursionError: it has no JSON form.
    """
    if hasattr(type(value), "__pydantic_serializer__"):
        return bytes(of_pydantic(value))
    return msgspec.json.encode(value, enc_hook=of_pydantic)


def of_pydantic(value: Any) -> msgspec.Raw:
    """The JSON of a value that msgspec does not know, by its own serializer.

    Raises:
        TypeError: it is none of pydantic's.
        ValueError: it has no JSON form.
    """
    serializer = getattr(type(value), "__pydantic_serializer__", None)
    if serializer is None:
        message = f"Encoding objects of type {type(value).__name__} is unsupported"
        raise TypeError(message)
    # As it is read again: by the names that it has in JSON, and without what is computed.
    return msgspec.Raw(serializer.to_json(value, by_alias=True, round_trip=True))
