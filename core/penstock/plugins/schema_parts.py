"""Schemas taken apart: what they refer to, what has to fit at once, and what may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penstock.plugins.plain_schema import LEAST, MOST, REMARKS, Schema, is_never, types_of, without

_LOWER = {*LEAST.values(), "minimum", "exclusiveMinimum"}
_UPPER = {*MOST.values(), "maximum", "exclusiveMaximum"}
_TOGETHER = (
    {"properties", "patternProperties", "additionalProperties"},
    {"prefixItems", "items"},
)
"""Those of which one says what the other ones are about."""
_NEVER: Schema = {"not": {}}


def resolved(schema: Any, root: Schema) -> Schema:
    """``schema`` itself, in place of a reference to it; no narrower than that is."""
    if isinstance(schema, bool):
        return {} if schema else _NEVER
    seen: set[str] = set()
    while "$ref" in schema and schema["$ref"] not in seen:
        seen.add(schema["$ref"])
        target = _target(schema, root)
        if target is None:
            # Not one of ours: it is only equal to itself.
            return {"type": "object", **schema}
        schema = _both(without(schema, "$ref"), target)
    return dict(schema)


def conjuncts(schema: Any, root: Schema, *, seen: frozenset[str] = frozenset()) -> Iterator[Schema]:
    """All that a value has to fit at once: plain schemas, and alternatives with nothing beside."""
    if isinstance(schema, bool):
        yield {} if schema else _NEVER
        return
    rest = without(schema, "$ref", "allOf", "anyOf", "oneOf")
    if "$ref" in schema and schema["$ref"] not in seen:
        target = _target(schema, root)
        if target is None:
            rest |= {"type": "object", "$ref": schema["$ref"]}
        else:
            yield from conjuncts(target, root, seen=seen | {schema["$ref"]})
    for each in schema.get("allOf", ()):
        yield from conjuncts(each, root, seen=seen)
    remarks = {key: each for key, each in rest.items() if key in REMARKS}
    for key in schema.keys() & {"anyOf", "oneOf"}:
        yield remarks | {key: schema[key]}
    if rest != remarks:
        yield rest


def branches_of(sub: Schema) -> Iterator[Schema]:
    """All that ``sub`` may be, one by one: alternatives, values and types."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in sub:
            beside = without(sub, keyword, *REMARKS)
            yield from (_both(beside, each) for each in sub[keyword])
            return
    if "enum" in sub:
        yield from ({"const": each} for each in sub["enum"])
    elif "const" in sub or is_never(sub) or len(types_of(sub)) == 1:
        yield sub
    else:
        types = types_of(sub)
        # A number may be whole.
        kinds = [each for each in types if each != "integer" or "number" not in types]
        yield from ({**sub, "type": each} for each in kinds)


def _both(beside: Schema, schema: Any) -> Any:
    """Of what has to fit two schemas, as much as one can say: no less fits than fits both."""
    if not isinstance(schema, Mapping):
        return schema
    both = {**beside, **schema}
    for members in _TOGETHER:
        if members & schema.keys():
            both = without(both, *(members - schema.keys()))
    for tighter, keywords in ((max, _LOWER), (min, _UPPER)):
        both |= {
            each: tighter(beside[each], schema[each])
            for each in keywords & beside.keys() & schema.keys()
        }
    return both


def _target(schema: Schema, root: Schema) -> Any | None:
    """What ``schema`` refers to, if that is there."""
    return root.get("$defs", {}).get(schema["$ref"].removeprefix("#/$defs/"))
