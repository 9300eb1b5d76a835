"""What is wrong with a task's input, in the words of the request that it came in."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from penstock.api.json_faults import join
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.declarations import TaskType
from penstock.dispatch import InvalidInputError

# msgspec reports these at the object; the caller looks for the field.
_CHOICE = re.compile(r"(?<=Invalid enum value )'.*'", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d*)\]")
_MEMBER = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`")


def invalid_input(error: InvalidInputError, task_type: TaskType[Any, Any]) -> Problem:
    """The problem document for an input that does not fit its task type."""
    field = "$.input" + error.path.removeprefix("$")
    message = error.message
    remedy = f"GET /api/task-types/{task_type.name} shows the input's schema and examples"
    if member := _MEMBER.fullmatch(error.message):
        name = member["name"]
        missing = member["what"] == "missing required"
        field = join(field, name)
        message = "this field is missing" if missing else "there is no such field"
        near = get_close_matches(name, _fields(task_type, error.path), n=1)
        if missing:
            remedy = f"add it; {remedy}"
        elif near:
            remedy = f"did you mean {near[0]!r}? {remedy}"
        else:
            remedy = f"remove it; {remedy}"
    elif hint := _hint(error, task_type):
        remedy = f"{hint}; {remedy}"
    return invalid_request([FieldError(field, message, remedy)])


def _hint(error: InvalidInputError, task_type: TaskType[Any, Any]) -> str:
    """What the schema says of the field at fault, where msgspec's own words do not help."""
    choice, pattern = _CHOICE.search(error.message), "matching regex" in error.message
    if not choice and not pattern:
        # Schemas are dear to make.
        return ""
    found = _schema_at(task_type.input_schema(), error.path)
    choices = [repr(each) for each in found.get("enum", []) if each is not None]
    if choice and choices:
        near = get_close_matches(choice[0].lower(), choices, n=1)
        return f"send one of {', '.join(choices)}" + (f" (did you mean {near[0]}?)" if near else "")
    if pattern:
        example = next(iter(found.get("examples", [])), found.get("default"))
        said = found.get("description", "")
        return f"send a value like {example!r}" if isinstance(example, str) else said.rstrip(".")
    return ""


def _schema_at(schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The part of a JSON Schema that describes ``path``, with its alternatives taken together."""
    definitions = schema.get("$defs", {})

    def whole(part: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" in part:
            return {**whole(definitions.get(part["$ref"].rpartition("/")[2], {})), **part}
        merged = dict(part)
        for each in part.get("anyOf", []):
            merged = {**whole(each), **merged}
        return merged

    found = whole(schema)
    for name, index in _STEP.findall(path):
        step = found.get("items", {}) if index else found.get("properties", {}).get(name, {})
        found = whole(step if isinstance(step, Mapping) else {})
    return found


def _fields(task_type: TaskType[Any, Any], path: str) -> Sequence[str]:
    """The names of the fields at ``path``, as far as they are known without walking the schema."""
    if path != "$" or not isinstance(task_type.input_type, type):
        return []
    if not issubclass(task_type.input_type, msgspec.Struct):
        return []
    return [each.encode_name for each in msgspec.structs.fields(task_type.input_type)]
