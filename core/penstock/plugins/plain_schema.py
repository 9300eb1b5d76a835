"""Schemas that refer to nothing and are no union of others: which values fit them.

What this does not know counts as a difference: it knows the JSON Schema that msgspec and pydantic
write, and no more.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penstock.declarations.places import shown

Schema = Mapping[str, Any]

# What says nothing of which values fit; a discriminator only repeats what its branches say.
REMARKS = {
    "$defs",
    "$schema",
    "default",
    "deprecated",
    "description",
    "discriminator",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
}
_COMPARED = {
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "oneOf",
    "prefixItems",
    "properties",
    "required",
    "type",
}
_OF_TYPE = {
    "string": {"pattern", "format", "contentEncoding", "contentMediaType"},
    "array": {"uniqueItems"},
    "object": {"patternProperties", "propertyNames"},
}
"""Those that fit if they are the same on both sides, or only where something narrower is."""
LEAST = {"string": "minLength", "array": "minItems", "object": "minProperties"}
MOST = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}
_ALL_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def types_of(schema: Schema) -> Sequence[str]:
    """The JSON types that its values may have."""
    if "const" in schema:
        return [_type_of(schema["const"])]
    if "enum" in schema:
        return list(dict.fromkeys(map(_type_of, schema["enum"])))
    said = schema.get("type", _ALL_TYPES)
    return [said] if isinstance(said, str) else said


def has_type(schema: Schema, kind: str) -> bool:
    """Whether values of that JSON type may fit: a whole number is a number."""
    types = types_of(schema)
    return kind in types or (kind == "integer" and "number" in types)


def _type_of(value: Any) -> str:
    by_type = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
    return "null" if value is None else by_type.get(type(value), "array")


def is_never(schema: Schema) -> bool:
    """Whether nothing fits it."""
    return schema.get("not") in ({}, True)


def is_anything(schema: Schema) -> bool:
    """Whether everything fits it."""
    return not schema.keys() - REMARKS


def name_of(schema: Schema) -> str:
    """What fits it, in a word or two."""
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return " or ".join(map(shown, schema["enum"]))
    if is_anything(schema):
        return "anything"
    said = schema.get("title") if "properties" in schema else None
    return str(said or " or ".join(types_of(schema)))


def takes(super_: Schema, value: Any) -> bool:
    """Whether one value fits; not, if that is not easily seen."""
    if "const" in super_ or "enum" in super_:
        # 1 and true are equal in Python.
        known = super_.get("enum", [super_.get("const")])
        rest = without(super_, "enum", "const")
        return any(text_of(each) == text_of(value) for each in known) and takes(rest, value)
    kind = _type_of(value)
    if not has_type(super_, kind):
        return False
    one: dict[str, Any] = {"type": kind}
    if kind in {"integer", "number"}:
        one |= {"minimum": value, "maximum": value, "multipleOf": value}
    elif kind == "string":
        one |= {"minLength": len(value), "maxLength": len(value)}
        if "pattern" in super_ and re.search(super_["pattern"], value):
            one["pattern"] = super_["pattern"]
    elif kind in {"array", "object"}:
        return is_anything({key: each for key, each in super_.items() if key != "type"})
    return not any(narrowed(one, super_, kind))


def narrowed(sub: Schema, super_: Schema, kind: str) -> Iterator[str]:
    """The keywords of ``super_`` by which something of ``sub`` may not fit."""
    if kind in {"integer", "number"}:
        yield from _narrowed_numbers(sub, super_, kind)
    elif kind in LEAST:
        least, most = LEAST[kind], MOST[kind]
        if sub.get(least, 0) < super_.get(least, 0):
            yield least
        if sub.get(most, math.inf) > super_.get(most, math.inf):
            yield most
    elsewhere = set().union(*_OF_TYPE.values()) - _OF_TYPE.get(kind, set())
    for keyword in sorted(super_.keys() - _COMPARED - REMARKS - elsewhere):
        if sub.get(keyword) != super_[keyword]:
            yield keyword


def _narrowed_numbers(sub: Schema, super_: Schema, kind: str) -> Iterator[str]:
    for keyword, sign in (("minimum", 1), ("maximum", -1)):
        exclusive = f"exclusive{keyword.capitalize()}"
        lowest = _lower_bound(sub, keyword, exclusive, sign, kind)
        for each in (keyword, exclusive):
            if each in super_ and lowest < (sign * super_[each], each == exclusive):
                yield each
    step, other = sub.get("multipleOf"), super_.get("multipleOf")
    whole = kind == "integer" and other == 1
    if other is not None and not (whole or step == other or _is_multiple(step, other)):
        yield "multipleOf"


def _lower_bound(
    sub: Schema, keyword: str, exclusive: str, sign: int, kind: str
) -> tuple[float, bool]:
    """The lowest value, and whether it is excluded; of the highest, by turning the line round."""
    bounds = [(-math.inf, False)]
    if keyword in sub:
        bounds.append((sign * sub[keyword], False))
    if exclusive in sub:
        bound = sign * sub[exclusive]
        # The next whole number is the first one.
        bounds.append((math.floor(bound) + 1, False) if kind == "integer" else (bound, True))
    return max(bounds)


def _is_multiple(step: Any, other: Any) -> bool:
    return isinstance(step, int) and isinstance(other, int) and step % other == 0


def item_at(schema: Schema, index: int) -> Any:
    """The schema of that item of an array."""
    prefix = schema.get("prefixItems", ())
    return prefix[index] if index < len(prefix) else schema.get("items", True)


def without(schema: Schema, *keywords: str) -> dict[str, Any]:
    """All but those keywords."""
    return {key: each for key, each in schema.items() if key not in keywords}


def text_of(schema: Any) -> str:
    """The same for schemas that say the same."""
    return json.dumps(schema, sort_keys=True, default=repr)
