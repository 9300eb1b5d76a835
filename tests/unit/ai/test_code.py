import ast
import sys
import types
from dataclasses import is_dataclass
from typing import Any, is_typeddict

import msgspec
import pydantic
import pytest

from penstock import PermanentError
from penstock_ai.code import CodeInput, code
from penstock_ai.fenced_code import code_in, without_fence

TARGETS = ["pydantic", "dataclass", "msgspec", "typeddict"]
PULL_REQUEST = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "pull request",
    "description": 'Says "hello".\n"""\nimport os\n"""',
    "type": "object",
    "required": ["number", "author"],
    "properties": {
        "number": {"type": "integer", "minimum": 1},
        "author": {"$ref": "#/$defs/Person"},
        "labels": {"type": "array", "items": {"type": "string"}, "default": []},
        "state": {"enum": ["open", "closed"], "default": "open"},
        "class": {"type": "string", "default": "x"},
        "weight in kg": {"type": ["number", "null"]},
    },
    "$defs": {
        "Person": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 20},
                "boss": {"$ref": "#/$defs/Person"},
            },
        }
    },
}
GOOD = {"number": 3, "author": {"name": "Ada", "boss": {"name": "Bob"}}, "labels": ["a"]}


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=CodeInput)


@pytest.fixture
def generated(harness):
    """Generate types of a schema, and return the result."""

    async def generated(schema, **fields):
        return await code(decode(json_schema=schema, **fields), harness.begin(code).context)

    return generated


@pytest.fixture
def refused(generated):
    """Have a schema refused, and return the message."""

    async def refused(schema, **fields):
        with pytest.raises(PermanentError) as caught:
            await generated(schema, **fields)
        assert caught.value.code == "invalid_json_schema"
        return str(caught.value)

    return refused


@pytest.fixture
def run(monkeypatch):
    """Executes code as a module, where its annotations can be resolved."""

    def execute(source):
        module = types.ModuleType("generated_types")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(source, "types.py", "exec"), module.__dict__)
        return module

    return execute


def validate(kind, target, value):
    if target == "pydantic":
        return kind.model_validate(value, strict=True)
    return msgspec.convert(value, kind)


@pytest.mark.parametrize("target", TARGETS)
async def test_generated_types_run_and_hold_a_value(generated, run, target):
    result = await generated(PULL_REQUEST, target=target)

    kind = run(result.code).PullRequest
    value = validate(kind, target, GOOD)
    author = value["author"] if target == "typeddict" else value.author
    assert (author["boss"]["name"] if target == "typeddict" else author.boss.name) == "Bob"
    assert {
        "pydantic": lambda: issubclass(kind, pydantic.BaseModel),
        "dataclass": lambda: is_dataclass(kind),
        "msgspec": lambda: issubclass(kind, msgspec.Struct),
        "typeddict": lambda: is_typeddict(kind),
    }[target]()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "bad",
    [{}, {**GOOD, "number": "three"}, {**GOOD, "author": {}}, {**GOOD, "state": "lost"}],
    ids=["empty", "type", "nested", "enum"],
)
async def test_generated_types_refuse_what_does_not_fit(generated, run, target, bad):
    kind = run((await generated(PULL_REQUEST, target=target)).code).PullRequest

    with pytest.raises((pydantic.ValidationError, msgspec.ValidationError)):
        validate(kind, target, bad)


@pytest.mark.parametrize("target", ["pydantic", "msgspec"])
@pytest.mark.parametrize("bad", [{"number": 0}, {"author": {"name": "x" * 21}}], ids=str)
async def test_bounds_are_kept_where_the_target_has_them(generated, run, target, bad):
    kind = run((await generated(PULL_REQUEST, target=target)).code).PullRequest

    with pytest.raises((pydantic.ValidationError, msgspec.ValidationError)):
        validate(kind, target, {**GOOD, **bad})


async def test_the_result_says_what_it_is(harness, generated):
    result = await generated(PULL_REQUEST)

    assert (result.language, result.syntax_ok, result.is_model_output) == ("python", True, False)
    assert result.artifact.name == "pull-request.py"
    assert result.artifact.content_type == "text/plain; charset=utf-8"
    assert (await harness.bytes_of(result.artifact)).decode() == result.code
    assert "from pydantic import" in result.code


async def test_code_is_formatted(generated):
    schema = {"type": "object", "properties": {"a": {"enum": ["x" * 60, "y" * 60]}}}

    result = await generated(schema, target="msgspec", name="Row")

    assert '"xxx' in result.code
    assert max(map(len, result.code.splitlines())) <= 88
    assert result.code.endswith("\n")
    assert "\n\n\nclass Row(" in result.code


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "Model"),
        ({"title": ""}, "Model"),
        ({"title": "漢字"}, "Model"),
        ({"title": "3D print"}, "Model"),
        ({"title": "None"}, "Model"),
        ({"title": "purchase order #7"}, "PurchaseOrder7"),
        ({"title": "x\nimport os"}, "XImportOs"),
    ],
)
async def test_classes_are_named_by_the_title(generated, fields, expected):
    schema = {**fields, "type": "object", "properties": {"a": {"type": "string"}}}

    result = await generated(schema)

    assert [
        each.name for each in ast.parse(result.code).body if isinstance(each, ast.ClassDef)
    ] == [expected]


async def test_a_name_goes_before_the_title(generated):
    result = await generated({"title": "a", "type": "object", "properties": {}}, name="Given")

    assert "class Given(" in result.code


async def test_texts_of_a_schema_never_become_code(generated, run):
    evil = '"""\nraise SystemExit("owned")\n"""\\'
    schema = {
        "title": evil,
        "description": evil,
        "type": "object",
        "properties": {
            "a'): raise SystemExit('owned')": {
                "type": "string",
                "default": evil,
                "description": evil,
                "pattern": evil[:-1],
            },
            "a": {"enum": [evil], "default": evil},
        },
    }

    for target in TARGETS:
        run((await generated(schema, target=target, name="Evil")).code)


@pytest.mark.parametrize(
    "keyword",
    [
        {"customTypePath": "os.system"},
        {"x-python-type": "subprocess.Popen"},
        {"x-python-import": {"module": "os", "name": "system"}},
        {"customBasePath": "os.PathLike"},
    ],
    ids=lambda keyword: next(iter(keyword)),
)
async def test_the_generators_own_keywords_import_nothing(generated, keyword):
    schema: dict[str, Any] = {
        **keyword,
        "type": "object",
        "properties": {"a": {"type": "string", **keyword}, "customTypePath": {"type": "integer"}},
    }

    result = await generated(schema, name="Plain")

    assert "import os" not in result.code
    assert "from os" not in result.code
    assert "subprocess" not in result.code
    assert "customTypePath: int" in result.code


@pytest.mark.parametrize(
    "reference",
    ["https://example.org/a.json", "file:///etc/passwd", "other.json#/a", "/etc/passwd", "a"],
)
async def test_references_out_of_the_schema_are_refused(refused, reference):
    message = await refused({"type": "object", "properties": {"a": {"$ref": reference}}})

    assert reference in message
    assert "nothing is fetched" in message


async def test_properties_and_values_may_be_named_like_keywords(generated):
    schema = {
        "type": "object",
        "properties": {
            "$ref": {"type": "string"},
            "title": {"type": "string"},
            "default": {"type": "integer"},
        },
        "default": {"$ref": "https://example.org/"},
    }

    result = await generated(schema, target="typeddict", name="Odd")

    for name in ("$ref", "title", "default"):
        assert name in result.code


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "object", "properties": [1]}, "at $.properties: [1] is not of type"),
        ({"type": "objct"}, "at $.type: 'objct' is not valid"),
        ({"$ref": "#"}, "no types can be made"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/Nope"}}}, "#/$defs/Nope"),
        ({"title": "x" * 200_000}, "at most 200,000 bytes"),
    ],
    ids=["malformed", "misspelt", "endless", "dangling", "long"],
)
async def test_schemas_that_mean_nothing_are_refused_with_the_reason(refused, schema, problem):
    assert problem in await refused(schema)


async def test_deeply_nested_schemas_are_refused(refused):
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}

    assert "64 deep" in await refused(schema)


async def test_a_prompt_without_a_model_names_the_remedy(harness):
    with pytest.raises(PermanentError, match="OPENAI_API_KEY") as caught:
        await code(decode(prompt="a parser"), harness.begin(code).context)

    assert caught.value.code == "capability_unavailable"


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ("Here:\n\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```\nx = 1\n```", "x = 1\n"),
        ("```sh\nls\n```\n\n```python\nx = 1\n```", "x = 1\n"),
        ("```js\nlet x\n```", "let x\n"),
        ("x = 1", "x = 1\n"),
        ("````python\n'''\n```\n'''\n````", "'''\n```\n'''\n"),
        ("1. do:\n\n   ```python\n   x = 1\n   ```", "x = 1\n"),
    ],
)
def test_code_is_taken_from_the_fenced_block(answer, taken):
    assert code_in(answer, "python") == taken


def test_a_fence_around_a_whole_document_is_taken_off():
    assert without_fence("```markdown\n# A\n```") == "# A\n"
    assert without_fence("# A\n\n```\nx\n```") == "# A\n\n```\nx\n```"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'prompt', 'json_schema', got none of them"),
        ({"prompt": "x", "json_schema": {}}, "got 'prompt' and 'json_schema'"),
        ({"json_schema": {}, "language": "python"}, "'language' only together with 'prompt'"),
        ({"json_schema": {}, "model": "m"}, "'model' only together with 'prompt'"),
        ({"json_schema": {}, "provider": "openai"}, "'provider' only together with 'prompt'"),
        ({"prompt": "x", "target": "msgspec"}, "'target' only together with 'json_schema'"),
        ({"json_schema": {}, "target": "attrs"}, "Invalid enum value 'attrs'"),
        ({"json_schema": {}, "name": "lower"}, "matching regex"),
        ({"json_schema": {}, "name": "None"}, "the name of a class, got 'None'"),
        ({"json_schema": []}, "Expected `object | null`"),
        ({"prompt": "x", "language": "Py thon"}, "matching regex"),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)
