"""Secrets among the settings of plugins: texts that show themselves to nobody by accident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from penstock.declarations.type_parts import type_parts

Secret: TypeAlias = Annotated[str, msgspec.Meta(extra={"secret": True})]
"""The type of a field of a plugin's settings that is never to be shown: ``key: Secret | None``.

To type checkers and to the handler it is a ``str``. Errors leave its value out, and ``repr``, also
that of the settings around it, shows ``'***'``. What formats it (``f"Bearer {key}"``) gets the
value; ``msgspec`` refuses to encode it, unless it is made plain by ``str(key)``.
"""
S = TypeVar("S")


class HiddenText(str):
    """A text whose ``repr`` hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def reveal(value: object) -> str:
    """For an encoder that is to write secrets.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, HiddenText):
        return str(value)
    message = f"Encoding objects of type {type(value).__name__} is unsupported"
    raise TypeError(message)


def is_secret(kind: Any) -> bool:
    """Whether a field of this type is marked as secret."""
    parts = type_parts(msgspec.inspect.type_info(kind))
    return any(
        bool((each.extra or {}).get("secret"))
        for each in parts
        if isinstance(each, msgspec.inspect.Metadata)
    )


def secrets_of(settings: object) -> Iterator[str]:
    """What is secret of a plugin's settings; ``settings`` is a struct."""
    for each in type(settings).__struct_fields__:  # type: ignore[attr-defined]
        value = getattr(settings, each)
        if isinstance(value, HiddenText):
            yield str(value)


def hide_secrets(settings: S) -> S:
    """Settings of a plugin, with the secrets in them hidden from its ``repr``; the same object."""
    for each in msgspec.structs.fields(settings):  # type: ignore[arg-type]  # a struct
        value = getattr(settings, each.name)
        if isinstance(value, str) and is_secret(each.type):
            msgspec.structs.force_setattr(settings, each.name, HiddenText(value))  # type: ignore[arg-type]
    return settings
