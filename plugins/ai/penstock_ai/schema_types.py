"""A JSON Schema to Python types, by datamodel-code-generator. Runs in a child process only."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from datamodel_code_generator import Error, LiteralType, generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import PythonVersion
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.validators import validator_for

from penstock import PermanentError
from penstock_ai.long_text import storable
from penstock_ai.python_syntax import is_python

MAX_DEPTH = 64
"""Objects and lists inside of each other."""
UNNAMED = "Model"
"""The class of a schema without a usable title."""

_KINDS = {
    "pydantic": DataModelType.PydanticV2BaseModel,
    "dataclass": DataModelType.DataclassesDataclass,
    "msgspec": DataModelType.MsgspecStruct,
    "typeddict": DataModelType.TypingTypedDict,
}
_NAMES_PYTHON = re.compile(r"custom(Type|Base)Path|x-python-.*")
"""Keywords of the generator's own, which would have the code import whatever they name."""
_REFERENCES = {"$ref", "$dynamicRef", "$recursiveRef"}
_SCHEMAS_BY_NAME = {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"}
_DATA = {"const", "default", "enum", "example", "examples"}


def types_of(schema: Mapping[str, Any], *, name: str | None, target: str) -> str:
    """Python 3.11 code, not yet formatted, whose last or only class stands for the schema.

    Args:
        schema: its references stay inside of itself.
        name: of that class; else the schema's title, else ``Model``.
        target: ``pydantic``, ``dataclass``, ``msgspec`` or ``typeddict``.

    Raises:
        PermanentError: ``invalid_json_schema``, with the reason.
    """
    _check(schema)
    # Its title would go before the name.
    untitled = {key: value for key, value in schema.items() if key != "title"}
    try:
        code = generate(
            msgspec.json.encode(_plain(untitled, 1)).decode(),
            input_file_type=InputFileType.JsonSchema,
            output_model_type=_KINDS[target],
            target_python_version=PythonVersion.PY_311,
            class_name=name or class_name(schema.get("title")),
            custom_file_header=" ",  # none: ours has nothing to add
            allow_remote_refs=False,
            strict_refs=True,
            formatters=[],
            keyword_only=True,
            use_annotated=True,
            field_constraints=True,
            strict_nullable=True,  # a default makes a field optional, and does not admit null
            use_schema_description=True,
            use_title_as_name=True,
            enum_field_as_literal=LiteralType.All,
        )
    except (MemoryError, RecursionError, PermanentError):
        raise
    except Exception as error:
        # Only half of what a schema can get wrong is the generator's own Error.
        kind = "" if isinstance(error, Error) else f"{type(error).__name__}: "
        raise _invalid(f"{kind}{error}"[:1000]) from error
    if not isinstance(code, str):
        raise _invalid("it describes several modules, by names with dots in them")
    if not is_python(code):
        raise _invalid("what the generator makes of it is not Python; rename what it defines")
    return storable(code.strip() + "\n")


def _check(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON Schema: the generator takes a misspelt type for "anything".

    Raises:
        PermanentError: naming the place and what is wrong there.
    """
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        raise _invalid(f"at {error.json_path}: {error.message}"[:1000]) from error


def class_name(title: object) -> str:
    """A class name from a title.

    >>> class_name("pull request #3")
    'PullRequest3'
    """
    words = re.findall(r"[A-Za-z0-9]+", title if isinstance(title, str) else "")
    name = "".join(word[0].upper() + word[1:] for word in words)[:60]
    return name if re.match("[A-Z]", name) and name not in {"None", "True", "False"} else UNNAMED


def _plain(value: Any, depth: int) -> Any:
    """A copy without what would import or fetch something, and without titles that name nothing.

    Raises:
        PermanentError: it refers to something outside of itself, or is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise _invalid(f"it is nested more than {MAX_DEPTH} deep; flatten it with '$ref'")
    match value:
        case dict():
            return {
                keyword: _plain_value(keyword, each, depth)
                for keyword, each in value.items()
                if not _NAMES_PYTHON.fullmatch(keyword)
                and not (keyword == "title" and class_name(each) == UNNAMED)
            }
        case list():
            return [_plain(each, depth + 1) for each in value]
        case _:
            return value


def _plain_value(keyword: str, value: Any, depth: int) -> Any:
    if keyword in _REFERENCES and isinstance(value, str) and not value.startswith("#"):
        raise _invalid(
            f"its {keyword!r} is {value[:200]!r}, and nothing is fetched: expected a reference "
            "like '#/$defs/Name'; put what it names under '$defs'"
        )
    if keyword in _DATA:
        return value
    if keyword in _SCHEMAS_BY_NAME and isinstance(value, dict):
        return {name: _plain(each, depth + 2) for name, each in value.items()}
    return _plain(value, depth + 1)


def _invalid(reason: str) -> PermanentError:
    message = f"no types can be made from this JSON Schema: {reason}"
    return PermanentError(message, code="invalid_json_schema")
