"""What the settings of plugins are called in the environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from penstock.declarations.type_parts import type_parts


def prefix(plugin: str) -> str:
    """What the names of a plugin's own variables start with: ``PENSTOCK_ACME_``."""
    return f"PENSTOCK_{plugin.upper().replace('-', '_')}_"


def variable(plugin: str, field: msgspec.structs.FieldInfo) -> str:
    """The variable that says a field of a struct of ``plugin``."""
    extra: dict[str, Any] = {}
    for each in type_parts(msgspec.inspect.type_info(field.type)):
        if isinstance(each, msgspec.inspect.Metadata):
            extra |= each.extra or {}
    return extra.get("variable") or f"{prefix(plugin)}{field.name.upper()}"


def variables(plugin: str, kind: type[msgspec.Struct]) -> Iterable[tuple[str, str]]:
    """Each field of ``kind``, and the variable that says it."""
    for each in msgspec.structs.fields(kind):
        yield each.name, variable(plugin, each)
