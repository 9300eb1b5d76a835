"""What is wrong with a task's input, in the words of the request that it came in."""

import re
from collections.abc import Sequence
from typing import Any

from penstock.api.fields import MOST_ERRORS
from penstock.api.json_faults import join
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.declarations import TaskType
from penstock.declarations.schema_walk import part_at
from penstock.declarations.unfit import Fault
from penstock.dispatch import InvalidInputError
from penstock.near_names import did_you_mean

# msgspec reports these at the object; the caller looks for the field.
_CHOICE = re.compile(r"(?<=Invalid enum value ').*(?=')", re.DOTALL)
_MEMBER = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`")


def invalid_input(error: InvalidInputError, task_type: TaskType[Any, Any]) -> Problem:
    """The problem document for an input that does not fit its task type."""
    return invalid_request([_field_error(each, task_type) for each in error.faults[:MOST_ERRORS]])


def _field_error(fault: Fault, task_type: TaskType[Any, Any]) -> FieldError:
    field = "$.input" + fault.path.removeprefix("$")
    message = fault.message
    remedy = f"GET /api/task-types/{task_type.name} shows the input's schema and examples"
    if member := _MEMBER.fullmatch(fault.message):
        name = member["name"]
        missing = member["what"] == "missing required"
        field = join(field, name)
        message = "this field is missing" if missing else "there is no such field"
        if missing:
            remedy = f"add it; {remedy}"
        elif hint := did_you_mean(name, _fields(task_type, fault.path)):
            remedy = f"{hint} {remedy}"
        else:
            remedy = f"remove it; {remedy}"
    elif hint := _hint(fault, task_type):
        remedy = f"{hint}; {remedy}"
    return FieldError(field, message, remedy)


def _hint(fault: Fault, task_type: TaskType[Any, Any]) -> str:
    """What the schema says of the field at fault, where msgspec's own words do not help."""
    choice, pattern = _CHOICE.search(fault.message), "matching regex" in fault.message
    found = part_at(task_type.input_schema(), fault.path)
    choices = [each for each in found.get("enum", []) if each is not None]
    if choice and choices:
        names = [each for each in choices if isinstance(each, str)]
        near = did_you_mean(choice[0].lower(), names, before=" (", after=")")
        return f"send one of {', '.join(map(repr, choices))}{near}"
    if pattern:
        example = next(iter(found.get("examples", [])), found.get("default"))
        said = found.get("description", "")
        return f"send a value like {example!r}" if isinstance(example, str) else said.rstrip(".")
    return ""


def _fields(task_type: TaskType[Any, Any], path: str) -> Sequence[str]:
    """The names of the fields of the object at ``path``."""
    return list(part_at(task_type.input_schema(), path).get("properties", {}))
