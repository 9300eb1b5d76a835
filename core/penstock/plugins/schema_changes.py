"""What a new version of a plugin does to those who know the old one, told from its schemas.

An input is compatible if whatever fitted the old schema fits the new one; an output, if whatever
the new one allows fits the old one. This looks for a proof of that: what it does not understand
counts as a change, so that silence can be relied on. It knows the JSON Schema that msgspec and
pydantic write, and no more. Members that an open object does not name are left out of account: a
field may be added with a default.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from penstock.declarations.definitions import closure, references
from penstock.declarations.places import join, shown

Schema = Mapping[str, Any]

# What says nothing of which values fit; a discriminator only repeats what its branches say.
_REMARKS = {
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
_LEAST = {"string": "minLength", "array": "minItems", "object": "minProperties"}
_MOST = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}
_LOWER = {*_LEAST.values(), "minimum", "exclusiveMinimum"}
_UPPER = {*_MOST.values(), "maximum", "exclusiveMaximum"}
_TOGETHER = (
    {"properties", "patternProperties", "additionalProperties"},
    {"prefixItems", "items"},
)
"""Those of which one says what the other ones are about."""
_ALL_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_NEVER: Schema = {"not": {}}


@dataclass(frozen=True)
class _Words:
    """How changes are told: by the side of the new version."""

    required: str
    refused: str
    closed: str
    other_type: str
    other_value: str
    narrower: str


_OF_INPUT = _Words(
    required="is required now; give it a default",
    refused="is gone, and further fields are refused; keep it, or skip what is not known",
    closed="refuses further fields now, which it used to skip; go on skipping them",
    other_type="took {sub} and takes {super} now; take both",
    other_value="no longer takes {sub}; keep taking it",
    narrower="is narrower: {keyword} was {sub} and is {super}; leave it as it was, or wider",
)
_OF_OUTPUT = _Words(
    required="may be missing now; keep returning it",
    refused="is new, and the old schema allowed no further fields; leave it out",
    closed="may have further fields now, which the old schema ruled out; leave them out",
    other_type="was {super} and may be {sub} now; keep returning what it was",
    other_value="may be {sub} now, which it never was; return what it was",
    narrower="is wider: {keyword} was {super} and is {sub}; leave it as it was, or narrower",
)


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """Why inputs that fitted the schema ``old`` may not fit ``new``; nothing if all of them do.

    Each names the place, as ``$.crops[].x``, what changed there, and what to do.
    """
    return _Comparison(old, new, _OF_INPUT).changes()


def breaking_output_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """Why who reads outputs by the schema ``old`` may not understand those of ``new``."""
    return _Comparison(new, old, _OF_OUTPUT).changes()


class _Comparison:
    """Whether whatever fits one schema fits another one.

    Args:
        sub: the one.
        super_: the other.
        words: how to tell why not.
    """

    def __init__(self, sub: Schema, super_: Schema, words: _Words) -> None:
        self._sub = sub
        self._super = super_
        self._words = words
        # Of recursive types: what is being proved may be used in its own proof.
        self._assumed: set[tuple[str, str]] = set()
        own, others = sub.get("$defs", {}), super_.get("$defs", {})
        self._same = {
            each for each in own.keys() & others if closure(each, own) == closure(each, others)
        }

    def changes(self) -> Sequence[str]:
        return list(dict.fromkeys(self._compare(self._sub, self._super, "$")))

    def _compare(self, sub: Any, super_: Any, path: str) -> Iterator[str]:
        pair = (_text(sub), _text(super_))
        is_same = pair[0] == pair[1] and self._same.issuperset(references(sub))
        if is_same or pair in self._assumed:
            return
        self._assumed.add(pair)
        sub = _resolved(sub, self._sub)
        branches = list(_branches(sub))
        for part in _conjuncts(super_, self._super):
            for branch in branches:
                if branch is sub:
                    yield from self._compare_one(sub, part, path)
                else:
                    yield from self._compare(branch, part, path)

    def _compare_one(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        """Where ``sub`` is no union of others any more, and ``super_`` no conjunction."""
        if _is_never(sub) or _is_anything(super_):
            return
        choices = super_.get("anyOf") or super_.get("oneOf")
        if not choices:
            yield from self._compare_plain(sub, super_, path)
            return
        if "oneOf" in super_ and "discriminator" not in super_:
            # What fits two of them would not fit: that they exclude each other, nobody said.
            yield self._say("narrower", path, keyword="oneOf", sub=_name(sub), super_="oneOf")
            return
        least: list[str] | None = None
        for each in choices:
            assumed = set(self._assumed)
            found = list(self._compare(sub, each, path))
            if not found:
                return
            # What was found on the way to a failure is no proof of anything.
            self._assumed = assumed
            like = _types(sub) == _types(_resolved(each, self._super))
            if like and (least is None or len(found) < len(least)):
                least = found
        if least is not None:
            yield from least
        else:
            named = [_name(_resolved(each, self._super)) for each in choices]
            names = " or ".join(dict.fromkeys(named))
            yield self._say("other_type", path, sub=_name(sub), super_=names)

    def _compare_plain(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        if "const" in sub:
            if not _takes(super_, sub["const"]):
                yield self._say("other_value", path, sub=shown(sub["const"]))
            return
        if "enum" in super_ or "const" in super_:
            yield self._say("other_type", path, sub=_name(sub), super_=_name(super_))
            return
        (kind,) = _types(sub)
        if kind not in _types(super_) and not (kind == "integer" and "number" in _types(super_)):
            yield self._say("other_type", path, sub=_name(sub), super_=_name(super_))
            return
        for keyword in _narrowed(sub, super_, kind):
            was, now = shown(sub.get(keyword)), shown(super_[keyword])
            yield self._say("narrower", path, keyword=keyword, sub=was, super_=now)
        if kind == "object":
            yield from self._compare_objects(sub, super_, path)
        elif kind == "array":
            yield from self._compare_arrays(sub, super_, path)

    def _compare_objects(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        own, others = sub.get("properties", {}), super_.get("properties", {})
        rest, other_rest = (each.get("additionalProperties", True) for each in (sub, super_))
        for name in sorted(set(super_.get("required", ())) - set(sub.get("required", ()))):
            yield self._say("required", join(path, name), near=_renamed(name, own, others))
        for name, value in own.items():
            if name in others:
                yield from self._compare(value, others[name], join(path, name))
            elif other_rest is False:
                yield self._say("refused", join(path, name), near=_renamed(name, others, own))
            else:
                yield from self._compare(value, other_rest, join(path, name))
        if rest is False:
            return
        if other_rest is False:
            yield self._say("closed", path)
        else:
            yield from self._compare(rest, other_rest, f"{path}.*")
        # The keys of a mapping are anybody's; those that an object does not name, are nobody's.
        if rest is not True or "properties" not in sub:
            for name in others.keys() - own.keys():
                yield from self._compare(rest, others[name], join(path, name))

    def _compare_arrays(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        first = max(len(sub.get("prefixItems", ())), len(super_.get("prefixItems", ())))
        most = sub.get("maxItems", math.inf)
        for index in range(first):
            if index < most:
                own, other = _item(sub, index), _item(super_, index)
                yield from self._compare(own, other, f"{path}[{index}]")
        if first < most:
            yield from self._compare(sub.get("items", True), super_.get("items", True), f"{path}[]")

    def _say(
        self,
        what: str,
        path: str,
        *,
        sub: str = "",
        super_: str = "",
        keyword: str = "",
        near: str | None = None,
    ) -> str:
        sentence: str = getattr(self._words, what)
        hint = f" (renamed from or to {near!r}? keep both names)" if near else ""
        return f"{path} " + sentence.format(sub=sub, super=super_, keyword=keyword) + hint


def _resolved(schema: Any, root: Schema) -> Schema:
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
        schema = _both(_without(schema, "$ref"), target)
    return dict(schema)


def _conjuncts(
    schema: Any, root: Schema, *, seen: frozenset[str] = frozenset()
) -> Iterator[Schema]:
    """All that a value has to fit at once: plain schemas, and alternatives with nothing beside."""
    if isinstance(schema, bool):
        yield {} if schema else _NEVER
        return
    rest = _without(schema, "$ref", "allOf", "anyOf", "oneOf")
    if "$ref" in schema and schema["$ref"] not in seen:
        target = _target(schema, root)
        if target is None:
            rest |= {"type": "object", "$ref": schema["$ref"]}
        else:
            yield from _conjuncts(target, root, seen=seen | {schema["$ref"]})
    for each in schema.get("allOf", ()):
        yield from _conjuncts(each, root, seen=seen)
    remarks = {key: each for key, each in rest.items() if key in _REMARKS}
    for key in schema.keys() & {"anyOf", "oneOf"}:
        yield remarks | {key: schema[key]}
    if rest != remarks:
        yield rest


def _target(schema: Schema, root: Schema) -> Any | None:
    """What ``schema`` refers to, if that is there."""
    return root.get("$defs", {}).get(schema["$ref"].removeprefix("#/$defs/"))


def _without(schema: Schema, *keywords: str) -> dict[str, Any]:
    return {key: each for key, each in schema.items() if key not in keywords}


def _branches(sub: Schema) -> Iterator[Schema]:
    """All that ``sub`` may be, one by one: alternatives, values and types."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in sub:
            beside = _without(sub, keyword, *_REMARKS)
            yield from (_both(beside, each) for each in sub[keyword])
            return
    if "enum" in sub:
        yield from ({"const": each} for each in sub["enum"])
    elif "const" in sub or _is_never(sub) or len(_types(sub)) == 1:
        yield sub
    else:
        types = _types(sub)
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
            both = _without(both, *(members - schema.keys()))
    for tighter, keywords in ((max, _LOWER), (min, _UPPER)):
        both |= {
            each: tighter(beside[each], schema[each])
            for each in keywords & beside.keys() & schema.keys()
        }
    return both


def _types(schema: Schema) -> Sequence[str]:
    if "const" in schema:
        return [_type_of(schema["const"])]
    if "enum" in schema:
        return list(dict.fromkeys(map(_type_of, schema["enum"])))
    said = schema.get("type", _ALL_TYPES)
    return [said] if isinstance(said, str) else said


def _type_of(value: Any) -> str:
    by_type = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
    return "null" if value is None else by_type.get(type(value), "array")


def _is_never(schema: Schema) -> bool:
    return schema.get("not") in ({}, True)


def _is_anything(schema: Schema) -> bool:
    return not schema.keys() - _REMARKS


def _name(schema: Schema) -> str:
    """What fits it, in a word or two."""
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return " or ".join(map(shown, schema["enum"]))
    if _is_anything(schema):
        return "anything"
    said = schema.get("title") if "properties" in schema else None
    return str(said or " or ".join(_types(schema)))


def _narrowed(sub: Schema, super_: Schema, kind: str) -> Iterator[str]:
    """The keywords of ``super_`` by which something of ``sub`` may not fit."""
    if kind in {"integer", "number"}:
        yield from _narrowed_numbers(sub, super_, kind)
    elif kind in _LEAST:
        least, most = _LEAST[kind], _MOST[kind]
        if sub.get(least, 0) < super_.get(least, 0):
            yield least
        if sub.get(most, math.inf) > super_.get(most, math.inf):
            yield most
    elsewhere = set().union(*_OF_TYPE.values()) - _OF_TYPE.get(kind, set())
    for keyword in sorted(super_.keys() - _COMPARED - _REMARKS - elsewhere):
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


def _takes(super_: Schema, value: Any) -> bool:
    """Whether one value fits; not, if that is not easily seen."""
    if "const" in super_ or "enum" in super_:
        # 1 and true are equal in Python.
        known = super_.get("enum", [super_.get("const")])
        rest = _without(super_, "enum", "const")
        return any(_text(each) == _text(value) for each in known) and _takes(rest, value)
    kind = _type_of(value)
    if kind not in _types(super_) and not (kind == "integer" and "number" in _types(super_)):
        return False
    one: dict[str, Any] = {"type": kind}
    if kind in {"integer", "number"}:
        one |= {"minimum": value, "maximum": value, "multipleOf": value}
    elif kind == "string":
        one |= {"minLength": len(value), "maxLength": len(value)}
        if "pattern" in super_ and re.search(super_["pattern"], value):
            one["pattern"] = super_["pattern"]
    elif kind in {"array", "object"}:
        return _is_anything({key: each for key, each in super_.items() if key != "type"})
    return not any(_narrowed(one, super_, kind))


def _item(schema: Schema, index: int) -> Any:
    prefix = schema.get("prefixItems", ())
    return prefix[index] if index < len(prefix) else schema.get("items", True)


def _renamed(name: str, among: Mapping[str, Any], but: Mapping[str, Any]) -> str | None:
    """The field that may be the same by another name."""
    return next(iter(get_close_matches(name, among.keys() - but.keys(), n=1, cutoff=0.5)), None)


def _text(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True, default=repr)
