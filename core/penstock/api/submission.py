"""What a caller asks for when posting a task, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from penstock.api.fields import (
    MOST_ERRORS,
    Fault,
    decode,
    read_priority,
    read_type,
    read_user_id,
    unknown_field,
)
from penstock.api.json_faults import shown
from penstock.api.problem_map import unknown_task_type, unknown_task_type_remedy
from penstock.api.problems import FieldError, invalid_request
from penstock.declarations import Priority
from penstock.dispatch import InvalidInputError, Submission
from penstock.dispatch.inputs import check_idempotency_key
from penstock.dispatch.task_times import MAX_DELAY
from penstock.plugins import Catalogue, UnknownTaskTypeError

FIELDS = (
    "type",
    "input",
    "priority",
    "user_id",
    "delay_seconds",
    "run_at",
    "ttl_seconds",
    "deadline",
    "unique",
    "idempotency_key",
)


T = TypeVar("T")


def read_submission(members: Mapping[str, msgspec.Raw], catalogue: Catalogue) -> Submission:
    """The submission in a body's members.

    Raises:
        Problem: naming every field that is wrong, and what to do about each.
    """
    errors: list[FieldError] = []
    unknown_type: UnknownTaskTypeError | None = None

    def read(name: str, reader: Callable[[msgspec.Raw], T], default: T) -> T:
        nonlocal unknown_type
        if name not in members:
            return default
        try:
            return reader(members[name])
        except UnknownTaskTypeError as error:
            unknown_type = error
            remedy = unknown_task_type_remedy(error)
            errors.append(FieldError(f"$.{name}", str(error), remedy))
        except Fault as fault:
            errors.append(FieldError(f"$.{name}", fault.message, fault.remedy))
        return default

    errors += _missing_and_unknown(members)
    submission = Submission(
        type=read("type", lambda raw: read_type(raw, catalogue), ""),
        input=bytes(members.get("input", b"")),
        priority=read("priority", read_priority, Priority.NORMAL),
        user_id=read("user_id", read_user_id, None),
        delay=read("delay_seconds", _delay, None),
        unique=read("unique", _unique, None),
        idempotency_key=read("idempotency_key", _idempotency_key, None),
        run_at=read("run_at", _moment, None),
        ttl=read("ttl_seconds", _ttl, None),
        deadline=read("deadline", _moment, None),
    )
    if unknown_type is not None and len(errors) == 1:
        raise unknown_task_type(unknown_type)
    if errors:
        raise invalid_request(errors[:MOST_ERRORS])
    return submission


def _missing_and_unknown(members: Mapping[str, msgspec.Raw]) -> list[FieldError]:
    remedies = {
        "type": "add the name of a task type; GET /api/task-types lists them",
        "input": "add the task's input; GET /api/task-types shows its schema and examples",
    }
    errors = [
        FieldError(f"$.{name}", "this field is missing", remedy)
        for name, remedy in remedies.items()
        if name not in members
    ]
    unknown = [name for name in members if name not in FIELDS]
    errors += [unknown_field(name, FIELDS) for name in unknown[:MOST_ERRORS]]
    return errors


def _delay(raw: msgspec.Raw) -> timedelta | None:
    return _seconds(raw, "the seconds to wait")


def _ttl(raw: msgspec.Raw) -> timedelta | None:
    return _seconds(raw, "after how many seconds it is not to start any more")


def _seconds(raw: msgspec.Raw, what: str) -> timedelta | None:
    most = int(MAX_DELAY.total_seconds())
    remedy = f"send {what}, from 0 to {most} (365 days), or leave it out"
    seconds: float | None = decode(raw, float | None, "a number or null", remedy)
    if seconds is None:
        return None
    if not 0 <= seconds <= most:
        raise Fault(f"expected a number from 0 to {most}, got {shown(seconds)}", remedy)
    return timedelta(seconds=seconds)


def _unique(raw: msgspec.Raw) -> bool | None:
    remedy = "send true or false, or leave it out"
    value: bool | None = decode(raw, bool | None, "true, false or null", remedy)
    return value


def _idempotency_key(raw: msgspec.Raw) -> str | None:
    remedy = "send a new UUID, say, for each new task, or leave it out"
    key: str | None = decode(raw, str | None, "a string or null", remedy)
    if key is not None:
        try:
            check_idempotency_key(key)
        except InvalidInputError as error:
            raise Fault(error.message, remedy) from error
    return key


def _moment(raw: msgspec.Raw) -> datetime | None:
    remedy = "send a date and time with its offset from UTC, like 2026-11-26T09:30:00+01:00"
    found: datetime | None = decode(raw, datetime | None, "a date and time (RFC 3339)", remedy)
    return found
