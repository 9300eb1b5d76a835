"""What a caller says of a schedule, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
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
from penstock.api.problem_map import unknown_task_type_remedy
from penstock.api.problems import FieldError, invalid_request
from penstock.declarations import DeclarationError, Misfire, Priority
from penstock.declarations.recurrence import (
    LONGEST_INTERVAL,
    MAX_CRON_LENGTH,
    check_cron,
    check_interval,
    check_zone,
)
from penstock.declarations.schedule import DEFAULT_GRACE, check_grace, check_misfire, check_name
from penstock.ledger.schedules import ScheduleTerms
from penstock.plugins import Catalogue, UnknownTaskTypeError

FIELDS = (
    "name",
    "type",
    "input",
    "cron",
    "every_seconds",
    "timezone",
    "misfire",
    "misfire_grace_seconds",
    "priority",
    "user_id",
)
_CRON = "send five fields, like '0 3 * * *', or every_seconds instead"
_EVERY = "send the seconds from one instant to the next, or cron instead"
_ZONE = "send a name of the IANA database, like 'Europe/Zurich', or leave it out for UTC"
_MISFIRE = "send 'skip' or 'run_once', or leave it out for 'skip'"
_GRACE = "send a number of seconds, or leave it out for 60"
_NAME = "send a name like 'acme.nightly'"

T = TypeVar("T")


def read_schedule(
    members: Mapping[str, msgspec.Raw], catalogue: Catalogue, *, name: str | None = None
) -> tuple[str, ScheduleTerms]:
    """The name and terms in a body's members; ``name`` is that of the path, if it has one.

    Raises:
        Problem: naming every field that is wrong, and what to do about each.
    """
    errors: list[FieldError] = []

    def read(field: str, reader: Callable[[msgspec.Raw], T], default: T) -> T:
        if field not in members:
            return default
        try:
            return reader(members[field])
        except UnknownTaskTypeError as error:
            errors.append(FieldError(f"$.{field}", str(error), unknown_task_type_remedy(error)))
        except Fault as fault:
            errors.append(FieldError(f"$.{field}", fault.message, fault.remedy))
        return default

    errors += [unknown_field(each, FIELDS) for each in members if each not in FIELDS]
    required = {
        "name": _NAME,
        "type": "add the name of a task type; GET /api/task-types lists them",
        "input": "add the input of its tasks; GET /api/task-types shows its schema",
    }
    errors += [
        FieldError(f"$.{each}", "this field is missing", remedy)
        for each, remedy in required.items()
        if each not in members and (each != "name" or name is None)
    ]
    said = read("name", _name, name or "")
    if name is not None and said != name:
        message = f"expected the name in the path, {name!r}, got {said!r}"
        errors.append(FieldError("$.name", message, "leave it out, or make another schedule"))
    terms = ScheduleTerms(
        type=read("type", lambda raw: read_type(raw, catalogue), ""),
        input=bytes(members.get("input", b"")).decode(),
        cron=read("cron", _cron, None),
        every=read("every_seconds", _every, None),
        timezone=read("timezone", _zone, "UTC"),
        misfire=read("misfire", _misfire, "skip"),
        misfire_grace=read("misfire_grace_seconds", _grace, DEFAULT_GRACE),
        priority=int(read("priority", read_priority, Priority.NORMAL)),
        user_id=read("user_id", read_user_id, None),
    )
    wrong = {each.field for each in errors}
    if not wrong & {"$.cron", "$.every_seconds"} and (terms.cron is None) == (terms.every is None):
        got = "neither" if terms.cron is None else "both"
        message = f"expected one of cron and every_seconds, got {got}"
        errors.append(FieldError("$.cron", message, "send one of them"))
    if errors:
        raise invalid_request(errors[:MOST_ERRORS])
    return said, terms


def _name(raw: msgspec.Raw) -> str:
    name: str = decode(raw, str, "a string", _NAME)
    return _checked(name, check_name, _NAME)


def _cron(raw: msgspec.Raw) -> str | None:
    value: str | None = decode(raw, str | None, "a string or null", _CRON)
    if value is not None and len(value) > MAX_CRON_LENGTH:
        message = f"expected at most {MAX_CRON_LENGTH} characters, got {len(value)}"
        raise Fault(message, _CRON)
    return None if value is None else _checked(value, check_cron, _CRON)


def _every(raw: msgspec.Raw) -> timedelta | None:
    seconds = decode(raw, float | None, "a number or null", _EVERY)
    return None if seconds is None else _checked(_duration(seconds), check_interval, _EVERY)


def _zone(raw: msgspec.Raw) -> str:
    zone: str = decode(raw, str, "a string", _ZONE)
    return _checked(zone, check_zone, _ZONE)


def _misfire(raw: msgspec.Raw) -> Misfire:
    rule: Misfire = decode(raw, str, "a string", _MISFIRE)
    return _checked(rule, check_misfire, _MISFIRE)


def _grace(raw: msgspec.Raw) -> timedelta:
    seconds = decode(raw, float, "a number", _GRACE)
    return _checked(_duration(seconds), check_grace, _GRACE)


def _duration(seconds: float) -> timedelta:
    """``seconds``, as far as a duration can be that long: it is refused then anyway."""
    most = 2 * LONGEST_INTERVAL.total_seconds()
    return timedelta(seconds=max(-most, min(seconds, most)))


def _checked(value: T, check: Callable[[object], None], remedy: str) -> T:
    try:
        check(value)
    except DeclarationError as error:
        raise Fault(str(error), remedy) from error
    return value
