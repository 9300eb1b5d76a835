"""Which tasks a caller asks for, in the query of a list or in the body of a bulk request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from penstock.api.fields import (
    MAX_TYPE_LENGTH,
    MAX_USER_ID_LENGTH,
    MOST_ERRORS,
    Fault,
    Values,
    near,
)
from penstock.api.identifiers import uuid_of
from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, invalid_request
from penstock.ledger import Status, TaskFilter
from penstock.plugins import Catalogue

FIELDS = (
    "status",
    "queue",
    "type",
    "user_id",
    "parent_id",
    "batch_id",
    "created_after",
    "created_before",
    "error",
)
MAX_ERROR_LENGTH = 200
_DATE = "2026-11-25T12:00:00Z"
_ID = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b"


def read_filter(values: Values, *, only: frozenset[Status] | None = None) -> TaskFilter:
    """The filter that ``values`` say; what is wrong with it is gathered there.

    Args:
        values: what was given.
        only: no status but these may be asked for.
    """
    return TaskFilter(
        status=values.read("status", lambda value: _statuses(value, only)) or frozenset(),
        queue=values.read("queue", _text(MAX_TYPE_LENGTH)),
        type=values.read("type", _text(MAX_TYPE_LENGTH)),
        user_id=values.read("user_id", _text(MAX_USER_ID_LENGTH)),
        parent_id=values.read("parent_id", _uuid),
        batch_id=values.read("batch_id", _uuid),
        created_after=values.read("created_after", _moment),
        created_before=values.read("created_before", _moment),
        error=values.read("error", _text(MAX_ERROR_LENGTH)),
    )


def check_names(wanted: TaskFilter, catalogue: Catalogue, where: str = "") -> None:
    """Refuse names that nobody declares, once it is known that no task bears them either.

    Tasks of a plugin that was removed can still be asked for.

    Raises:
        Problem: 422, with the nearest name.
    """
    errors = []
    for name, known in (("queue", catalogue.queues), ("type", catalogue.task_types)):
        value = getattr(wanted, name)
        if value is not None and value not in known:
            what = {"queue": "queue", "type": "task type"}[name]
            message = f"there is no {what} {shown(value)}, and no such task of one"
            errors.append(FieldError(where + name, message, near(value, sorted(known))))
    if errors:
        raise invalid_request(errors)


def texts(value: Mapping[str, Any], where: str) -> dict[str, str]:
    """The members of a JSON object as they would stand in a query; null counts as left out.

    Raises:
        Problem: for a value that is no string, no number and no list of strings.
    """
    found, errors = {}, []
    for name, each in value.items():
        if isinstance(each, list) and each and all(isinstance(part, str) for part in each):
            found[name] = ",".join(each)
        elif isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool)):
            found[name] = str(each)
        elif each is not None:
            message = f"expected a string, got {shown(each)}"
            errors.append(FieldError(where + name, message, "write it as in the query of a list"))
    if errors:
        raise invalid_request(errors[:MOST_ERRORS])
    return found


def _statuses(value: str, only: frozenset[Status] | None) -> frozenset[Status]:
    allowed = [each.value for each in Status if only is None or each in only]
    found = set()
    for word in value.split(","):
        if word not in {each.value for each in Status}:
            raise Fault(f"there is no status {shown(word)}", near(word, allowed))
        if word not in allowed:
            message = f"a task that is {word} is never changed by this"
            raise Fault(message, f"ask for {' or '.join(allowed)}, or leave it out")
        found.add(Status(word))
    return frozenset(found)


def _text(most: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not 1 <= len(value) <= most or "\0" in value:
            message = f"expected 1 to {most} characters without NUL, got {shown(value)}"
            raise Fault(message, "correct it, or leave it out")
        return value

    return read


def _uuid(value: str) -> UUID:
    found = uuid_of(value)
    if found is None:
        raise Fault(f"expected a UUID, got {shown(value)}", f"send an id like {_ID}")
    return found


def _moment(value: str) -> datetime:
    try:
        found = msgspec.convert(value, datetime, strict=False)
    except msgspec.ValidationError as error:
        message = f"expected a date and time, got {shown(value)}"
        raise Fault(message, f"write it like {_DATE}") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
