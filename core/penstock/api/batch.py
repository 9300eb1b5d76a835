"""What a caller asks for when posting a batch, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from penstock.api.fields import MAX_USER_ID_LENGTH, unknown_field
from penstock.api.input_faults import invalid_input
from penstock.api.json_faults import shown
from penstock.api.problem_map import invalid_term, unknown_task_type
from penstock.api.problems import FieldError, Problem, invalid_request, too_large
from penstock.api.submission import read_submission
from penstock.dispatch import (
    BatchPartError,
    BatchSubmission,
    CallbackSubmission,
    InputTooLargeError,
    InvalidInputError,
    InvalidTermError,
    Submission,
)
from penstock.dispatch.batch_submission import MAX_BATCH_NAME_LENGTH, MAX_BATCH_TASKS
from penstock.plugins import Catalogue, UnknownTaskTypeError

BATCH_FIELDS = ("tasks", "callback", "name", "user_id", "sealed")
MORE_TASKS_FIELDS = ("tasks",)
CALLBACK_FIELDS = ("type", "input", "priority")

_MOST_ERRORS = 20
_TASKS = f"send an array of 0 to {MAX_BATCH_TASKS} tasks, each like the body of one that is posted"


def read_batch(members: Mapping[str, msgspec.Raw], catalogue: Catalogue) -> BatchSubmission:
    """The batch in a body's members.

    Raises:
        Problem: naming every field that is wrong, and what to do about each.
    """
    errors = _unknown(members, BATCH_FIELDS)
    tasks = _read_tasks(members, catalogue, errors)
    callback = None
    if "callback" in members and bytes(members["callback"]) != b"null":
        callback = _read_callback(members["callback"], catalogue, errors)
    batch = BatchSubmission(
        tasks=tasks,
        callback=callback,
        name=_text(members, "name", (0, MAX_BATCH_NAME_LENGTH), errors) or "",
        user_id=_text(members, "user_id", (1, MAX_USER_ID_LENGTH), errors),
        sealed=_sealed(members, errors),
    )
    if errors:
        raise invalid_request(errors[:_MOST_ERRORS])
    return batch


def read_more_tasks(
    members: Mapping[str, msgspec.Raw], catalogue: Catalogue
) -> Sequence[Submission]:
    """The tasks in the members of a body that adds to a batch.

    Raises:
        Problem: as :func:`read_batch`.
    """
    errors = _unknown(members, MORE_TASKS_FIELDS)
    tasks = _read_tasks(members, catalogue, errors)
    if errors:
        raise invalid_request(errors[:_MOST_ERRORS])
    return tasks


def part_problem(error: BatchPartError, catalogue: Catalogue) -> Problem:
    """The problem document for a part of a batch that cannot be accepted.

    Raises:
        Exception: what is the plugin's fault, and not the caller's.
    """
    match error.error:
        case InputTooLargeError(limit=limit, size=size):
            field, setting = f"$.{error.place}.input", "PENSTOCK_MAX_INPUT_BYTES"
            return too_large(field, "the input", limit, setting=setting, size=size)
        case InvalidInputError() as fault:
            return _moved(invalid_input(fault, catalogue.task_type(error.type)), error.place)
        case InvalidTermError() as term:
            return _moved(invalid_term(term), error.place)
        case UnknownTaskTypeError() as unknown:
            return _moved(unknown_task_type(unknown), error.place)
        case other:
            raise other


def _read_tasks(
    members: Mapping[str, msgspec.Raw], catalogue: Catalogue, errors: list[FieldError]
) -> list[Submission]:
    if "tasks" not in members:
        errors.append(FieldError("$.tasks", "this field is missing", _TASKS))
        return []
    try:
        items = msgspec.json.decode(members["tasks"], type=list[msgspec.Raw])
    except msgspec.ValidationError:
        got = shown(msgspec.json.decode(members["tasks"]))
        errors.append(FieldError("$.tasks", f"expected an array, got {got}", _TASKS))
        return []
    if len(items) > MAX_BATCH_TASKS:
        message = f"expected at most {MAX_BATCH_TASKS} tasks, got {len(items)}"
        remedy = (
            'send the first ones with "sealed": false, and the others by '
            "POST /api/batches/{id}/tasks"
        )
        errors.append(FieldError("$.tasks", message, remedy))
        return []
    tasks = []
    for index, item in enumerate(items):
        place = f"tasks[{index}]"
        try:
            tasks.append(read_submission(_object(item), catalogue))
        except Problem as problem:
            errors += _moved(problem, place).errors
            if len(errors) >= _MOST_ERRORS:
                break
    return tasks


def _read_callback(
    raw: msgspec.Raw, catalogue: Catalogue, errors: list[FieldError]
) -> CallbackSubmission | None:
    place = "callback"
    try:
        members = _object(raw)
        if unknown := _unknown(members, CALLBACK_FIELDS):
            raise invalid_request(unknown)
        # Whether the summary, which it gets without an input, fits is seen when all is known.
        read = read_submission({"input": msgspec.Raw(b"null"), **members}, catalogue)
    except Problem as problem:
        errors += _moved(problem, place).errors
        return None
    text = bytes(members["input"]) if "input" in members else None
    return CallbackSubmission(read.type, text, priority=read.priority)


def _object(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        message = f"expected an object, got {shown(msgspec.json.decode(raw))}"
        remedy = 'send an object like {"type": "…", "input": {…}}'
        raise invalid_request([FieldError("$", message, remedy)]) from error


def _text(
    members: Mapping[str, msgspec.Raw],
    name: str,
    bounds: tuple[int, int],
    errors: list[FieldError],
) -> str | None:
    value = msgspec.json.decode(members.get(name, b"null"))
    least, most = bounds
    if value is None or (isinstance(value, str) and least <= len(value) <= most):
        return value
    message = f"expected a string of {least} to {most} characters, got {shown(value)}"
    errors.append(FieldError(f"$.{name}", message, "shorten it, or leave it out"))
    return None


def _sealed(members: Mapping[str, msgspec.Raw], errors: list[FieldError]) -> bool:
    value = msgspec.json.decode(members.get("sealed", b"true"))
    if isinstance(value, bool):
        return value
    message = f"expected true or false, got {shown(value)}"
    remedy = "send false if more tasks are to be added, or leave it out"
    errors.append(FieldError("$.sealed", message, remedy))
    return True


def _unknown(members: Mapping[str, msgspec.Raw], known: Sequence[str]) -> list[FieldError]:
    return [unknown_field(name, known) for name in members if name not in known]


def _moved(problem: Problem, place: str) -> Problem:
    """A problem of a part, told as one of the whole."""
    found = [
        FieldError(f"$.{place}" + each.field.removeprefix("$"), each.message, each.remedy)
        for each in problem.errors
    ]
    return invalid_request(found)
