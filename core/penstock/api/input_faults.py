"""What is wrong with a task's input, in the words of the request that it came in."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from penstock.api.json_faults import join
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.declarations import TaskType
from penstock.dispatch import InvalidInputError

# msgspec reports these at the object; the caller looks for the field.
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
    return invalid_request([FieldError(field, message, remedy)])


def _fields(task_type: TaskType[Any, Any], path: str) -> Sequence[str]:
    """The names of the fields at ``path``, as far as they are known without walking the schema."""
    if path != "$" or not isinstance(task_type.input_type, type):
        return []
    if not issubclass(task_type.input_type, msgspec.Struct):
        return []
    return [each.encode_name for each in msgspec.structs.fields(task_type.input_type)]
