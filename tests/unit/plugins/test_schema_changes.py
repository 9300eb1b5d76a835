"""Which changes of a schema break callers; and that nothing that breaks them goes unseen."""

import copy
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import Meta, Struct

from penstock.declarations.data_type import data_type
from penstock.plugins.schema_changes import breaking_changes, breaking_output_changes


class Crop(Struct):
    x: int
    y: int = 0


class Old(Struct):
    source: str
    width: Annotated[int, Meta(ge=1, le=100)] = 3
    paper: Literal["a4", "a5"] = "a4"
    crops: list[Crop] = []
    names: dict[str, int] = {}
    size: int | None = None


def changed(**fields: Any) -> Any:
    """That type with other fields; those that are ``None`` are gone."""
    kept = {each.name: (each.type, each.default) for each in msgspec.structs.fields(Old)}
    kept |= {name: (kind, msgspec.NODEFAULT) for name, kind in fields.items()}
    optional = {name: each for name, each in kept.items() if each[0] is not None}
    return msgspec.defstruct(
        "Old",
        [
            (name, kind) if default is msgspec.NODEFAULT else (name, kind, default)
            for name, (kind, default) in sorted(
                optional.items(), key=lambda each: each[1][1] is not msgspec.NODEFAULT
            )
        ],
        forbid_unknown_fields=fields.get("forbid", False) is None,
        kw_only=True,
    )


def schema(kind: Any) -> dict[str, Any]:
    return data_type(kind).schema()


@dataclass
class SameClass:
    source: str
    width: Annotated[int, Meta(ge=1, le=100)] = 3


class SameModel(pydantic.BaseModel):
    source: str
    width: int = pydantic.Field(3, ge=1, le=100)


class Small(Struct, forbid_unknown_fields=True):
    source: str


class Node(Struct):
    name: str
    children: list["Node"] = []


class OtherNode(Struct):
    name: str
    children: list["OtherNode"] = []
    depth: int = 0


class NarrowNode(Struct):
    name: Annotated[str, Meta(max_length=3)]
    children: list["NarrowNode"] = []


class Cat(Struct, tag=True):
    lives: int


class Dog(Struct, tag=True):
    tricks: list[str]


class PickyDog(Struct, tag="Dog"):
    tricks: list[str]
    owner: str


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Old, Old),
        (Old, changed(width=int)),
        (Old, changed(paper=str)),
        (Old, changed(size=int | str | None)),
        (Old, changed(names=None)),
        (Old, changed(width=Annotated[float, Meta(gt=0)])),
        (SameClass, SameModel),
        (SameModel, SameClass),
        (Node, OtherNode),
        (Cat, Cat | Dog),
        (int, int | str),
        (list[int], list[float]),
        (tuple[int, str], list[int | str]),
        (dict[str, int], dict[str, Any]),
        (bool | None, Any),
        (Literal[1, 2], int),
        (Annotated[int, Meta(gt=0)], Annotated[int, Meta(ge=1)]),
        (Annotated[int, Meta(multiple_of=4)], Annotated[int, Meta(multiple_of=2)]),
    ],
    ids=str,
)
def test_what_takes_all_that_it_took_breaks_nobody(old: Any, new: Any) -> None:
    if new is not Old and old is Old:
        # Required fields of the type that is made here are another matter.
        new = msgspec.json.schema(new)
        new["$defs"]["Old"]["required"] = ["source"]
        assert breaking_changes(schema(old), new) == []
    else:
        assert breaking_changes(schema(old), schema(new)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (Old, changed(height=int), "$.height is required now; give it a default"),
        (Old, changed(width=None, widht=int), "$.widht is required now; .*'width'\\?"),
        (Old, Small, "$.crops is gone, and further fields are refused"),
        (Old, Small, "$ refuses further fields now"),
        (Old, changed(width=str), "$.width took integer and takes string now; take both"),
        (Old, changed(width=Annotated[int, Meta(ge=2)]), "$.width is narrower: minimum was 1 and"),
        (Old, changed(width=Annotated[int, Meta(lt=100)]), "exclusiveMaximum was None and is 100"),
        (Old, changed(paper=Literal["a4"]), '$.paper no longer takes "a5"; keep taking it'),
        (Old, changed(crops=list[str]), "$.crops\\[\\] took Crop and takes string"),
        (Old, changed(names=dict[str, str]), "$.names.* took integer and takes string"),
        (Old, changed(size=int), "$.size took null and takes integer"),
        (str, Annotated[str, Meta(pattern="^a")], "$ is narrower: pattern was None"),
        (str, Literal["a"], '$ took string and takes "a" now'),
        (Any, int, "took"),
        (dict[str, Any], Crop, "$.x"),
        (Node, NarrowNode, "$.name is narrower: maxLength"),
        (Cat | Dog, Cat, "no longer takes|took"),
        (Cat | Dog, Cat | PickyDog, "$.owner is required now"),
        (list[int], tuple[int, int], "minItems was None and is 2"),
        (
            Annotated[int, Meta(multiple_of=2)],
            Annotated[int, Meta(multiple_of=4)],
            "multipleOf was",
        ),
        (float, int, "$ took number and takes integer"),
    ],
    ids=str,
)
def test_what_takes_less_is_told_with_its_place_and_a_remedy(old: Any, new: Any, told: str) -> None:
    changes = breaking_changes(schema(old), schema(new))

    pattern = told.replace("$", r"\$").replace("*", ".*") if "|" not in told else told
    assert any(_matches(pattern, each) for each in changes), changes


def _matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (Crop, changed(), "$.x may be missing now; keep returning it"),
        (int, int | None, "$ was integer and may be null now; keep returning what it was"),
        (Literal["a"], Literal["a", "b"], '$ may be "b" now, which it never was'),
        (Annotated[int, Meta(le=3)], int, "$ is wider: maximum was 3 and is None"),
    ],
    ids=str,
)
def test_an_output_breaks_those_who_read_it_if_it_may_be_more(
    old: Any, new: Any, told: str
) -> None:
    assert any(each.startswith(told) for each in breaking_output_changes(schema(old), schema(new)))
    assert breaking_output_changes(schema(new), schema(new)) == []


def test_an_output_may_have_more_fields() -> None:
    assert breaking_output_changes(schema(Crop), schema(changed(x=int, y=int, z=int))) == []


# --- Whatever fitted, fits ------------------------------------------------------------------------

_NAMES = st.sampled_from("abc")
_VALUES = st.sampled_from(["red", "blue", 1, 2, True, None, 1.5])


_BESIDE = {
    "maxLength": st.integers(0, 4),
    "minimum": st.integers(-3, 3),
    "maxItems": st.integers(0, 2),
    "required": st.lists(_NAMES, unique=True, max_size=2),
}
"""What may stand beside a union or a reference, for all that it takes."""


def _numbers(kind: str) -> st.SearchStrategy[Any]:
    bound = st.integers(-3, 3)
    return st.fixed_dictionaries(
        {"type": st.just(kind)},
        optional={"minimum": bound, "exclusiveMaximum": bound, "multipleOf": st.integers(1, 4)},
    )


def _inside(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    size = st.integers(0, 2)
    properties = st.dictionaries(_NAMES, schemas, max_size=3)
    named = st.fixed_dictionaries(
        {
            "type": st.just("object"),
            "properties": properties,
            "required": st.lists(_NAMES, unique=True, max_size=2),
        },
        optional={"additionalProperties": st.just(False)},
    )
    return st.one_of(
        named,
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": schemas}),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": schemas},
            optional={"minItems": size, "maxItems": size},
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "prefixItems": st.lists(schemas, min_size=1, max_size=2)},
            optional={"items": st.one_of(st.just(False), schemas), "minItems": size},
        ),
        st.fixed_dictionaries(
            {"anyOf": st.lists(schemas, min_size=1, max_size=3)}, optional=_BESIDE
        ),
        st.fixed_dictionaries({"$ref": st.just("#/$defs/D")}, optional=_BESIDE),
    )


SCHEMAS = st.recursive(
    st.one_of(
        st.just({}),
        _numbers("integer"),
        _numbers("number"),
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={
                "minLength": st.integers(0, 2),
                "maxLength": st.integers(0, 4),
                "pattern": st.sampled_from(["^r", "e"]),
            },
        ),
        st.fixed_dictionaries({"enum": st.lists(_VALUES, min_size=1, max_size=3, unique_by=repr)}),
        st.builds(lambda value: {"const": value}, _VALUES),
        st.just({"type": ["integer", "null"]}),
        st.just({"type": "boolean"}),
    ),
    _inside,
    max_leaves=6,
)


@st.composite
def edited(draw: st.DrawFn, schema: Any) -> Any:  # noqa: C901  (one case per kind of edit)
    """A schema with some part of it changed."""
    if not isinstance(schema, dict) or draw(st.integers(0, 12)) == 0:
        return draw(SCHEMAS)
    edits: list[dict[str, Any]] = [{"anyOf": draw(st.permutations([schema, draw(SCHEMAS)]))}]
    for key, value in schema.items():
        edits.append({name: each for name, each in schema.items() if name != key})
        if isinstance(value, int) and not isinstance(value, bool) and key != "const":
            edits.append(schema | {key: max(value + draw(st.sampled_from([-1, 1])), 1)})
        elif key in {"items", "additionalProperties"}:
            edits += [schema | {key: draw(edited(value))}] * 3
        elif key == "properties":
            edits.append(schema | {key: value | {draw(_NAMES): draw(SCHEMAS)}})
            edits += [schema | {key: value | {n: draw(edited(s))}} for n, s in value.items()] * 3
            edits.append(schema | {"additionalProperties": False})
            edits += [
                schema
                | {"additionalProperties": False, key: {n: value[n] for n in value if n != name}}
                for name in value
            ]
        elif key in {"anyOf", "prefixItems"}:
            edits += [
                schema | {key: [*value[:at], draw(edited(value[at])), *value[at + 1 :]]}
                for at in range(len(value))
            ] * 2
        elif key in {"enum", "required"} and len(value) > 1:
            edits.append(schema | {key: value[1:]})
        elif key == "required":
            edits.append(schema | {key: sorted({*value, draw(_NAMES)})})
    if "anyOf" in schema or "$ref" in schema:
        name = draw(st.sampled_from(list(_BESIDE)))
        edits.append(schema | {name: draw(_BESIDE[name])})
    if schema.get("type") == "integer":
        edits.append(schema | {"type": "number"})
    return draw(st.sampled_from(edits))


def instances(  # noqa: C901, PLR0911, PLR0912  (one case per kind of schema)
    schema: Any, root: Any, depth: int = 3
) -> st.SearchStrategy[Any]:
    """Values of which some fit a schema."""
    anything = st.one_of(_VALUES, st.sampled_from([[], [1], {}, {"a": 1}, "r"]))
    if not schema or schema is True or depth == 0:
        return anything
    if "$ref" in schema:
        return instances(root["$defs"]["D"], root, depth - 1)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if "anyOf" in schema:
        return st.one_of([instances(each, root, depth) for each in schema["anyOf"]])
    inner = depth - 1
    match schema.get("type"):
        case "integer":
            return st.integers(-6, 6)
        case ["integer", "null"]:
            return st.sampled_from([None, 0, 1])
        case "number":
            return st.one_of(st.integers(-6, 6), st.sampled_from([0.5, 2.5, -1.25]))
        case "string":
            return st.sampled_from(["", "r", "red", "e", "blue", "reded"])
        case "boolean":
            return st.booleans()
        case "object" if "properties" in schema:
            named = {n: instances(s, root, inner) for n, s in schema["properties"].items()}
            return st.one_of(
                st.fixed_dictionaries(named), st.fixed_dictionaries({}, optional=named)
            )
        case "object":
            values = instances(schema.get("additionalProperties", True), root, inner)
            return st.dictionaries(_NAMES, values, max_size=2)
        case "array" if "prefixItems" in schema:
            first = [instances(each, root, inner) for each in schema["prefixItems"]]
            rest = instances(schema.get("items", True), root, inner)
            return st.one_of(st.tuples(*first), st.tuples(*first, rest), st.tuples()).map(list)
        case "array":
            return st.lists(instances(schema.get("items", True), root, inner), max_size=3)
    return anything


def closed(schema: Any) -> Any:
    """The same, but that objects have no members that they do not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: closed(each) for key, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        inside.setdefault("additionalProperties", False)
    return inside


@st.composite
def versions(draw: st.DrawFn) -> tuple[Any, Any]:
    definition, old = draw(SCHEMAS), draw(SCHEMAS)
    other = draw(st.one_of(st.just(definition), edited(definition)))
    new = draw(edited(old))
    return {**old, "$defs": _defined(definition)}, {**new, "$defs": _defined(other)}


def _defined(schema: Any) -> Any:
    """What is nothing but itself describes nothing, and may be in none of its own alternatives."""
    is_loop = "$ref" in schema or "anyOf" in schema
    return {"D": {"type": "array", "items": schema} if is_loop else schema}


@settings(max_examples=400)
@given(versions(), st.data())
def test_silence_means_that_whatever_fitted_still_fits(
    both: tuple[Any, Any], data: st.DataObject
) -> None:
    old, new = both
    if breaking_changes(old, new):
        return
    before, after = Draft202012Validator(closed(old)), Draft202012Validator(new)
    for made in data.draw(st.lists(instances(old, old), min_size=4, max_size=8)):
        if before.is_valid(made):
            after.validate(made)


_TEN = {"type": "string", "maxLength": 10}
_NUMBER = {"type": "integer"}


@pytest.mark.parametrize(
    ("new", "is_told"),
    [
        ({"anyOf": [_TEN, _NUMBER], "maxLength": 5}, True),
        ({"anyOf": [_TEN, _NUMBER], "maxLength": 12}, False),
        ({"$ref": "#/$defs/Five", "maxLength": 10}, True),
        ({"$ref": "#/$defs/Twelve", "maxLength": 5}, True),
        ({"$ref": "#/$defs/Twelve", "maxLength": 10}, False),
    ],
)
def test_what_stands_beside_a_union_or_a_reference_holds_as_well(
    new: Any, *, is_told: bool
) -> None:
    definitions = {"Five": _TEN | {"maxLength": 5}, "Twelve": _TEN | {"maxLength": 12}}

    assert bool(breaking_changes(_TEN, {**new, "$defs": definitions})) == is_told


def test_of_two_bounds_the_tighter_one_counts() -> None:
    old = {"anyOf": [_TEN, _NUMBER], "maxLength": 5}

    assert breaking_changes(old, {"anyOf": [_NUMBER, _TEN | {"maxLength": 5}]}) == []


@given(SCHEMAS, SCHEMAS)
def test_nothing_changed_is_no_change(schema: Any, definition: Any) -> None:
    whole = {**schema, "$defs": _defined(definition)}

    assert breaking_changes(whole, copy.deepcopy(whole)) == []
    assert breaking_output_changes(whole, copy.deepcopy(whole)) == []
