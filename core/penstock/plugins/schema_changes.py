"""Which changes of an input's JSON Schema break those who send it, or tasks that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Schema = dict[str, Any]


def breaking_changes(old: Schema, new: Schema) -> Sequence[str]:
    """What ``old`` allows and ``new`` does not, each in words with its place."""
    return list(_compare(_resolved(old, old), _resolved(new, new), old, new, "$"))


def _compare(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str
) -> Iterator[str]:
    if old == new and old_root == new_root:
        return
    if "type" in old and "type" in new and old["type"] != new["type"]:
        yield f"{at} was of type {old['type']}, and is of type {new['type']}"
        return
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{at}.{name} is required now"
    for name in sorted(before.keys() - after.keys()):
        yield f"{at}.{name} is gone"
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(
            _resolved(before[name], old_root),
            _resolved(after[name], new_root),
            old_root,
            new_root,
            f"{at}.{name}",
        )


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return schema
    found: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
    return found
