"""Finding the part of a JSON Schema that describes a place."""

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d*)\]")


def part_at(schema: Mapping[str, Any], path: str = "$") -> dict[str, Any]:
    """The part of ``schema`` that describes ``path``, with its alternatives taken together.

    Args:
        schema: with its ``$defs``.
        path: as ``$.field[0]``; ``$`` is the whole.
    """
    definitions = schema.get("$defs", {})

    def whole(part: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" in part:
            return {**whole(definitions.get(part["$ref"].rpartition("/")[2], {})), **part}
        merged = dict(part)
        for alternatives in ("allOf", "anyOf", "oneOf"):
            for each in part.get(alternatives, []):
                merged = {**whole(each), **merged}
        return merged

    found = whole(schema)
    for name, index in _STEP.findall(path):
        step = found.get("items", {}) if index else found.get("properties", {}).get(name, {})
        found = whole(step if isinstance(step, Mapping) else {})
    return found
