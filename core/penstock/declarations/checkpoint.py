"""Checkpoints as text: what a handler keeps for a later attempt, and how it comes back."""

from typing import TypeVar

import msgspec

from penstock.declarations import checks, json_form
from penstock.declarations.data_type import data_type
from penstock.declarations.errors import DeclarationError, PermanentError
from penstock.declarations.unfit import UnfitError

S = TypeVar("S")


def check_name(name: str) -> None:
    """Refuse what is no name of a checkpoint.

    Raises:
        DeclarationError: the rule is that of queues' names.
    """
    checks.name(name, of="checkpoint")


def encode(name: str, value: object, *, most: int | None = None) -> str:
    """``value`` as JSON, of at most ``most`` bytes if that is given.

    Raises:
        DeclarationError: ``name`` is no name of a checkpoint.
        PermanentError: code ``checkpoint_not_storable`` or ``checkpoint_too_large``.
    """
    check_name(name)
    try:
        data = json_form.to_json(value)
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        message = (
            f"expected checkpoint {name!r} to have a JSON form, got a {type(value).__name__}: "
            f"{error}; save a msgspec Struct, a dataclass, a pydantic model or plain values"
        )
        raise PermanentError(message, code="checkpoint_not_storable") from error
    if most is not None and len(data) > most:
        message = (
            f"checkpoint {name!r} is {len(data):,} bytes of JSON, more than the {most:,} that are "
            "allowed; store it as an artifact and save its id, or have the operator raise "
            "PENSTOCK_MAX_CHECKPOINT_BYTES"
        )
        raise PermanentError(message, code="checkpoint_too_large")
    return data.decode()


def decode(name: str, text: str | bytes, kind: type[S]) -> S:
    """The value that ``text`` holds.

    Raises:
        DeclarationError: ``kind`` is nothing that JSON can be read as.
        PermanentError: code ``checkpoint_incompatible``, naming the place.
    """
    try:
        value: S = data_type(kind).decode(text)
    except UnfitError as error:
        message = (
            f"expected checkpoint {name!r} to be of type {_name_of(kind)}: {error}; give "
            "fields that came after it was saved a default, or use another name"
        )
        raise PermanentError(message, code="checkpoint_incompatible") from error
    except TypeError as error:
        message = (
            f"expected the type of checkpoint {name!r} to be a msgspec Struct, dataclass, "
            f"TypedDict, pydantic model or other type with a JSON form, got {kind!r}: {error}"
        )
        raise DeclarationError(message) from error
    return value


def _name_of(kind: object) -> str:
    return kind.__qualname__ if isinstance(kind, type) else str(kind)
