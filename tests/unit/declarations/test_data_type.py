"""Each kind of type: JSON to a value of it and back, its faults, its schema, and its limits."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar
from uuid import UUID

import annotated_types
import msgspec
import pydantic
import pytest
import typing_extensions
from jsonschema import Draft202012Validator
from msgspec import Meta, Struct
from pydantic import ConfigDict, Field

from penstock.declarations.data_type import MsgspecType, data_type
from penstock.declarations.json_form import to_json
from penstock.declarations.pydantic_type import PydanticType
from penstock.declarations.unfit import Fault, UnfitError
from tests.four_kinds import KINDS, OF_KIND, ModelCrop, ModelImage, ModelResize, StructCrop

T = TypeVar("T")
POSTED = {"source": "a", "width": 3, "crops": [{"x": 1, "y": 2}], "file": str(UUID(int=1))}


def faults(kind: Any, text: str) -> list[tuple[str, str]]:
    with pytest.raises(UnfitError) as caught:
        data_type(kind).decode(text)
    assert all(isinstance(each, Fault) for each in caught.value.faults)
    return [(each.path, each.message) for each in caught.value.faults]


@pytest.fixture(params=KINDS)
def task_type(request: pytest.FixtureRequest) -> Any:
    return OF_KIND[request.param]


def test_what_is_posted_comes_back_as_it_was(task_type: Any) -> None:
    text = msgspec.json.encode(POSTED)
    value = task_type.input.decode(text)

    assert msgspec.json.decode(task_type.input.encode(value)) == POSTED
    assert task_type.input.convert(POSTED) == value
    assert task_type.input.canonical(value) == msgspec.json.encode(POSTED, order="sorted")


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ('{"source":"a","width":0}', "$.width", "1"),
        ('{"source":"a","width":"wide"}', "$.width", "int"),
        ('{"source":"a","crops":[{"x":1},{"y":2}]}', "$.crops[1]", "required field `x`"),
        ('{"width":3}', "$", "Object missing required field `source`"),
        ('{"source":"a","file":"no"}', "$.file", "UUID"),
        ('{"source":NaN}', "$", "malformed"),
        ("[1,2]", "$", "object"),
    ],
)
def test_a_fault_is_told_with_its_place(task_type: Any, text: str, path: str, message: str) -> None:
    with pytest.raises(UnfitError) as caught:
        task_type.input.decode(text)

    (fault,) = caught.value.faults
    assert fault.path == path
    assert message in fault.message or (text == "[1,2]" and "Input should be" in fault.message)


def test_pydantic_tells_all_faults_at_once() -> None:
    told = faults(ModelResize, '{"width":0,"crops":[{"x":"one"},{}],"file":1}')

    assert [path for path, _ in told] == ["$", "$.width", "$.crops[0].x", "$.crops[1]", "$.file"]


def test_further_fields_are_skipped(task_type: Any) -> None:
    assert task_type.input.decode('{"source":"a","colour":"red"}')


@pytest.mark.parametrize("of", ["struct", "model", "dict"])
def test_further_fields_are_refused_where_the_type_says_so(of: str) -> None:
    class Closed(Struct, forbid_unknown_fields=True):
        x: int

    class ClosedModel(pydantic.BaseModel):
        model_config = ConfigDict(extra="forbid")
        x: int

    class ClosedDict(typing_extensions.TypedDict, closed=True):
        x: int

    kind = {"struct": Closed, "model": ClosedModel, "dict": ClosedDict}[of]

    assert faults(kind, '{"x":1,"z":2}') == [("$", "Object contains unknown field `z`")]
    assert data_type(kind).schema()["$defs"][kind.__name__]["additionalProperties"] is False


def test_the_schema_says_what_the_type_says(task_type: Any) -> None:
    for schema in (task_type.input_schema(), task_type.output_schema()):
        Draft202012Validator.check_schema(schema)
    schema = task_type.input_schema()
    (name,) = [each for each in schema["$defs"] if each.endswith("Resize")]
    assert schema["$ref"] == f"#/$defs/{name}"
    assert schema["$defs"][name]["required"] == ["source"]
    width = schema["$defs"][name]["properties"]["width"]
    assert (width["minimum"], width["description"], width["examples"]) == (1, "In pixels.", [640])
    # The fields of a TypedDict have no defaults.
    assert "default" not in width or width["default"] == 320
    check = Draft202012Validator(schema)
    check.validate(POSTED)
    assert not check.is_valid(POSTED | {"crops": [{}]})


class Page(Struct, Generic[T]):
    items: list[T]


class ModelPage(pydantic.BaseModel, Generic[T]):
    items: list[T]


@dataclass
class Holder:
    crop: ModelCrop
    others: dict[str, ModelCrop]


class Mixed(Struct):
    first: ModelCrop
    others: list[ModelCrop] = []
    none: ModelCrop | None = None
    struct: StructCrop | None = None


class Loose(TypedDict, total=False):
    struct: StructCrop
    model: NotRequired[ModelCrop]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (list[ModelCrop], '[{"x":1,"y":0}]'),
        (ModelCrop | ModelImage, '{"key":"a","crops":[]}'),
        (ModelCrop | None, "null"),
        (dict[str, ModelCrop] | int, "3"),
        (Annotated[ModelCrop, Field(description="One.")], '{"x":1,"y":0}'),
        (ModelPage[int], '{"items":[1]}'),
        (list[ModelPage[ModelCrop]], '[{"items":[{"x":1,"y":0}]}]'),
        (pydantic.RootModel[list[int]], "[1,2]"),
        (Holder, '{"crop":{"x":1,"y":0},"others":{"a":{"x":2,"y":0}}}'),
        (Annotated[int, annotated_types.Gt(0)], "3"),
        (pydantic.AnyHttpUrl, '"http://a.test/"'),
        (Page[int], '{"items":[1]}'),
        (Page[ModelCrop], '{"items":[{"x":1,"y":0}]}'),
        (Mixed, '{"first":{"x":1,"y":0},"others":[{"x":2,"y":0}],"none":null,"struct":null}'),
        (Loose, '{"model":{"x":1,"y":0}}'),
        (Page[int] | None, "null"),
        (list[StructCrop] | str, '"a"'),
    ],
    ids=str,
)
@pytest.mark.parametrize("use", ["input", "output"])
def test_kinds_may_stand_in_each_other(kind: Any, text: str, use: Any) -> None:
    found = data_type(kind, use)

    assert found.encode(found.decode(text)).decode() == text
    Draft202012Validator.check_schema(found.schema())
    Draft202012Validator(found.schema()).validate(msgspec.json.decode(text))


def test_a_model_inside_a_struct_keeps_its_rules_and_its_places() -> None:
    told = faults(Mixed, '{"first":{"x":1},"others":[{"x":1},{"y":"two"}]}')

    assert told[0] == ("$.others[1]", "Object missing required field `x`")
    assert told[1][0] == "$.others[1].y"
    assert set(data_type(Mixed).schema()["$defs"]) == {"Mixed", "ModelCrop", "StructCrop"}


def test_branches_of_a_union_are_not_taken_for_fields() -> None:
    class Cat(pydantic.BaseModel):
        lives: int

    class Dog(pydantic.BaseModel):
        tricks: list[str]

    class Owner(pydantic.BaseModel):
        pets: dict[str, Cat | Dog]

    told = faults(Owner, '{"pets":{"my pet":{"tricks":[1]}}}')
    assert [path for path, _ in told] == ['$.pets["my pet"]', '$.pets["my pet"].tricks[0]']


def test_a_pydantic_output_has_its_computed_fields_and_names() -> None:
    class Square(pydantic.BaseModel):
        side: int = Field(alias="sideLength")

        @pydantic.computed_field  # type: ignore[prop-decorator]
        @property
        def area(self) -> int:
            return self.side**2

    value = Square(sideLength=3)
    output = data_type(Square, "output")
    assert output.encode(value) == b'{"sideLength":3,"area":9}'
    assert output.convert({"sideLength": 3, "area": 9}) == value
    assert "area" in output.schema()["$defs"]["Square"]["properties"]
    assert data_type(Square, "input").encode(value) == b'{"sideLength":3}'
    assert data_type(list[Page[Square] | None], "output").encode([Page([value])]) == (
        b'[{"items":[{"sideLength":3,"area":9}]}]'
    )


def test_an_input_may_be_given_as_plain_data() -> None:
    assert data_type(ModelResize).encode({"source": "a"}) == b'{"source":"a"}'


def test_an_output_that_is_not_as_declared_has_no_json() -> None:
    with pytest.raises(ValueError, match="Expected `ModelImage`"):
        data_type(ModelImage, "output").encode({"key": "a"})


def test_equal_values_are_written_the_same_in_every_process() -> None:
    class Tags(pydantic.BaseModel):
        tags: set[str]
        url: pydantic.AnyHttpUrl

    tags = Tags(tags=set("bca"), url=pydantic.AnyHttpUrl("http://a.test"))
    assert data_type(Tags).canonical(tags) == b'{"tags":["a","b","c"],"url":"http://a.test/"}'


def test_a_value_of_no_declared_type_may_hold_models_anywhere() -> None:
    class Named(pydantic.BaseModel):
        name: str = Field(alias="fullName")

    assert to_json({"a": [Named(fullName="x")]}) == b'{"a":[{"fullName":"x"}]}'
    assert to_json(Named(fullName="x")) == b'{"fullName":"x"}'
    with pytest.raises(TypeError, match="objects of type object is unsupported"):
        to_json([object()])


class WithMeta(pydantic.BaseModel):
    width: Annotated[int, Meta(ge=1)]


class WithStruct(pydantic.BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    crop: StructCrop


class WithField(Struct):
    width: Annotated[int, Field(ge=1)]


@pydantic.dataclasses.dataclass
class Validated:
    width: int


class WithValidated(Struct):
    it: Validated


class WithSecret(pydantic.BaseModel):
    token: pydantic.SecretStr


class Excluded(pydantic.BaseModel):
    token: str = Field(exclude=True)


class TwoNames(pydantic.BaseModel):
    size: int = Field(validation_alias="in", serialization_alias="out")


class Computed(pydantic.BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.x


class NotYet(pydantic.BaseModel):
    later: "Later"  # type: ignore[name-defined]  # noqa: F821


class Wrong(TypedDict):
    model: ModelCrop


@pytest.mark.parametrize(
    ("kind", "use", "message"),
    [
        (WithMeta, "input", r"does not know msgspec.Meta\(ge=1\); .* a Meta a pydantic.Field"),
        (WithStruct, "input", "StructCrop"),
        (WithField, "input", "has no effect here, .* or write it as msgspec.Meta"),
        (WithValidated, "input", "fill pydantic's dataclass Validated without its validators"),
        (WithSecret, "input", "'token' of WithSecret is written as asterisks, .* setting"),
        (Excluded, "output", "'token' of Excluded is required, but not written .* one alias"),
        (TwoNames, "input", "'in' of TwoNames is required"),
        (Computed, "output", "'twice' of Computed is written, but not read"),
        (NotYet, "input", "not fully defined"),
        (ModelCrop | StructCrop, "input", "Type unions"),
        (Wrong, "input", "typing_extensions.TypedDict"),
        (object, "input", "object"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_could_not_be_honoured_is_refused_with_a_remedy(
    kind: Any, use: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        data_type(kind, use)


def test_a_computed_field_of_an_input_is_not_written() -> None:
    assert data_type(Computed, "input").encode(Computed(x=1)) == b'{"x":1}'


def test_each_is_validated_by_whom_its_author_chose() -> None:
    assert isinstance(data_type(Validated), PydanticType)
    assert isinstance(data_type(Holder), PydanticType)
    assert isinstance(data_type(Mixed), MsgspecType)
    assert faults(Annotated[int, annotated_types.Gt(0)], "0") == [
        ("$", "Input should be greater than 0")
    ]


def test_a_schema_is_made_once() -> None:
    kind = data_type(dict[str, list[int]])

    assert kind.schema() is kind.schema()
