"""What the API says of each kind of type: problems, schemas, and one OpenAPI document for all."""

from typing import Annotated, Any, Literal

import httpx
import msgspec
import pydantic
import pytest
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from penstock import Queue, TaskType, task
from penstock.api.openapi import openapi_document
from penstock.plugins import Catalogue, Plugin
from tests import four_kinds
from tests.four_kinds import KINDS
from tests.unit.api.problem_checks import problem_of

OTHER = Queue("other")


@pytest.fixture
def catalogue() -> Catalogue:
    return four_kinds.catalogue()


def document(*task_types: TaskType[Any, Any]) -> dict[str, Any]:
    plugin = Plugin(
        name="other", distribution="other", version="1", queues=[OTHER], tasks=task_types
    )
    return openapi_document(Catalogue(plugins=[plugin]), max_body_bytes=1, max_upload_bytes=1)


def input_of(made: dict[str, Any], name: str) -> OAS31Validator:
    given = made["components"]["schemas"][f"Submission.{name}"]["properties"]["input"]
    return OAS31Validator({**given, "components": made["components"]})


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_is_accepted_or_refused_with_the_same_words(
    client: httpx.AsyncClient, kind: str
) -> None:
    body = {"type": f"kinds.{kind}", "input": {"source": "a", "crops": [{"x": 1}]}}
    taken = await client.post("/api/queues/tasks", json=body)
    assert taken.status_code == 202, taken.text

    missing = await client.post("/api/queues/tasks", json=body | {"input": {"crops": [{}]}})
    errors = problem_of(missing, 422)["errors"]
    assert {"field": "$.input.crops[0].x", "message": "this field is missing"}.items() <= (
        errors[-1].items()
    )
    assert f"GET /api/task-types/kinds.{kind} shows" in errors[-1]["remedy"]
    narrow = await client.post(
        "/api/queues/tasks", json=body | {"input": {"source": "a", "width": 0}}
    )
    (error,) = problem_of(narrow, 422)["errors"]
    assert error["field"] == "$.input.width"


async def test_all_faults_that_pydantic_finds_are_told(client: httpx.AsyncClient) -> None:
    body = {"type": "kinds.model", "input": {"width": 0, "crops": [{"x": "one"}], "file": "?"}}

    problem = problem_of(await client.post("/api/queues/tasks", json=body), 422)

    told = [each["field"] for each in problem["errors"]]
    assert told == ["$.input.source", "$.input.width", "$.input.crops[0].x", "$.input.file"]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_takes_an_upload(client: httpx.AsyncClient, kind: str) -> None:
    form = {"type": f"kinds.{kind}", "input": '{"source":"a"}'}

    answer = await client.post("/api/uploads", data=form, files={"file": ("a.png", b"x")})

    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data["input"].keys() == {"source", "file"}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_is_shown_with_its_schema_and_examples(
    client: httpx.AsyncClient, kind: str
) -> None:
    shown = (await client.get(f"/api/task-types/kinds.{kind}")).json()["data"]

    for schema in (shown["input_schema"], shown["output_schema"]):
        Draft202012Validator.check_schema(schema)
    (example,) = shown["examples"]
    Draft202012Validator(shown["input_schema"]).validate(example)


def test_one_document_describes_all_kinds(catalogue: Catalogue) -> None:
    made = document(*catalogue.task_types.values())

    OpenAPIV31SpecValidator(made).validate()
    for kind in KINDS:
        check = input_of(made, f"kinds.{kind}")
        check.validate({"source": "a", "crops": [{"x": 1}]})
        assert not check.is_valid({"source": "a", "crops": [{}]})
    schemas = made["components"]["schemas"]
    assert {"StructCrop", "ClassCrop", "DictCrop", "ModelCrop"} <= schemas.keys()
    assert "$defs" not in msgspec.json.encode(made).decode()


def named(name: str, kind: str, /, **fields: Any) -> Any:
    """A type of that name, of a kind."""
    if kind == "model":
        return pydantic.create_model(name, __module__=__name__, **fields)
    return msgspec.defstruct(name, list(fields.items()), module=__name__)


def using(name: str, input_type: Any, output_type: Any = None) -> TaskType[Any, Any]:
    async def handler(given: Any) -> Any:
        raise NotImplementedError

    handler.__annotations__ = {"given": input_type, "return": output_type}
    declared: TaskType[Any, Any] = task(name, queue=OTHER)(handler)
    return declared


@pytest.mark.parametrize("first", ["model", "struct"])
@pytest.mark.parametrize("second", ["model", "struct"])
def test_two_plugins_may_each_have_an_image(first: str, second: str) -> None:
    a = named("Image", first, size=int)
    b = named("Image", second, name=str)
    again = named("Image", first, size=int)

    many = list[b]  # type: ignore[valid-type]
    made = document(using("a.turn", a, b), using("b.turn", many, a), using("c.turn", again))

    assert input_of(made, "a.turn").is_valid({"size": 1})
    assert not input_of(made, "a.turn").is_valid({"name": "x"})
    assert input_of(made, "b.turn").is_valid([{"name": "x"}])
    assert not input_of(made, "b.turn").is_valid([{"size": 1}])
    assert input_of(made, "c.turn").is_valid({"size": 1})
    images = [each for each in made["components"]["schemas"] if each.endswith("Image")]
    assert images == ["Image", "a.turn.Image"]


def test_equal_types_that_hold_different_ones_are_told_apart() -> None:
    a, b = (
        msgspec.defstruct("Holder", [("it", named("Image", "struct", **each))])
        for each in ({"size": int}, {"name": str})
    )

    made = document(using("a.turn", a), using("b.turn", b))

    assert input_of(made, "a.turn").is_valid({"it": {"size": 1}})
    assert not input_of(made, "b.turn").is_valid({"it": {"size": 1}})


@pytest.mark.parametrize("name", ["Task", "Submission", "TaskView", "Failure", "Health"])
@pytest.mark.parametrize("kind", ["model", "struct"])
def test_a_plugin_may_name_a_type_as_the_api_does(name: str, kind: str) -> None:
    own = document(using("a.turn", int))["components"]["schemas"]
    made = document(using("a.turn", named(name, kind, odd=int)))

    assert input_of(made, "a.turn").is_valid({"odd": 1})
    assert not input_of(made, "a.turn").is_valid({"odd": "x"})
    if name in own and name not in {"Task", "Submission"}:
        assert made["components"]["schemas"][name] == own[name]
    assert f"a.turn.{name}" in made["components"]["schemas"]


def test_a_recursive_type_and_a_tagged_union_keep_their_references() -> None:
    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]

    pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]

    class Node(pydantic.BaseModel):
        children: list["Node"] = []

    Node.model_rebuild(_types_namespace={"Node": Node})
    made = document(using("a.turn", Node), using("b.turn", pet))

    OpenAPIV31SpecValidator(made).validate()
    assert input_of(made, "a.turn").is_valid({"children": [{"children": []}]})
    assert not input_of(made, "a.turn").is_valid({"children": [{"children": [1]}]})
    given = made["components"]["schemas"]["Submission.b.turn"]["properties"]["input"]
    assert given["discriminator"]["mapping"]["cat"] == "#/components/schemas/Cat"
