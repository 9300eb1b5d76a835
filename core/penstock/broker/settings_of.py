"""What the operator says of a plugin, for the code of that plugin."""

from collections.abc import Mapping
from typing import Any, TypeVar

from penstock.declarations import DeclarationError

S = TypeVar("S")


def settings_of(known: Mapping[type[Any], Any], kind: type[S]) -> S:
    """The settings of ``kind``.

    Raises:
        DeclarationError: no loaded plugin declares settings of this type.
    """
    try:
        found: S = known[kind]
    except KeyError:
        name = getattr(kind, "__qualname__", repr(kind))
        raise DeclarationError(
            f"no loaded plugin declares settings of type {name}; return it from the hook "
            "penstock_settings"
        ) from None
    return found
