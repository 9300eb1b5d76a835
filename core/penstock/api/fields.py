"""What callers say, read one by one: what is wrong with it is gathered, and answered together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request

from penstock.api.json_faults import join, shown
from penstock.api.problems import FieldError, invalid_request
from penstock.declarations import Priority
from penstock.near_names import did_you_mean
from penstock.plugins import Catalogue

MAX_TYPE_LENGTH = 128
MAX_USER_ID_LENGTH = 255
MOST_ERRORS = 20
"""How many are told at once."""

_PRIORITIES = ", ".join(priority.label for priority in Priority)

T = TypeVar("T")


class Fault(Exception):  # noqa: N818 - not an error of ours: it carries the caller's to the list
    """What is wrong with one of them, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Values:
    """Texts by name, read one after the other; what is wrong is gathered.

    Args:
        values: what was given.
        known: all names that there are.
        where: what stands before a name in an error, as ``$.filter.``; nothing in a query.
    """

    def __init__(self, values: Mapping[str, str], known: Sequence[str], where: str = "") -> None:
        self._values = values
        self._where = where
        self.errors = [_unknown(name, known, where) for name in values if name not in known]

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """The value of that name; nothing if there is none, or if it is wrong."""
        if name not in self._values:
            return None
        try:
            return reader(self._values[name])
        except Fault as fault:
            self.errors.append(FieldError(self._where + name, fault.message, fault.remedy))
            return None

    def check(self) -> None:
        """Go on if nothing was wrong.

        Raises:
            Problem: naming everything that is.
        """
        if self.errors:
            raise invalid_request(self.errors[:MOST_ERRORS])


def read_query(
    request: Request[Any, Any, Any], *, several: Sequence[str] = ()
) -> Mapping[str, str]:
    """The parameters of a query; those of ``several`` may be given one by one.

    Raises:
        Problem: another parameter is there twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found and name not in several:
            message = "this parameter is there more than once"
            raise invalid_request([FieldError(name, message, "give it one value")])
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def near(given: str, known: Sequence[str], otherwise: str = "there are") -> str:
    """The name that is probably meant, and all that there are."""
    return f"{did_you_mean(given, known, after=' ')}{otherwise} {', '.join(known)}"


def unknown_field(name: str, known: Sequence[str]) -> FieldError:
    """What to say of a field that is not among the ``known``."""
    remedy = near(name, known, "remove it; the fields are")
    return FieldError(join("$", name), "there is no such field", remedy)


def read_type(raw: msgspec.Raw, catalogue: Catalogue) -> str:
    """The name of a task type.

    Raises:
        Fault: it cannot be one.
        UnknownTaskTypeError: with the nearest known name.
    """
    remedy = "send the name of a task type; GET /api/task-types lists them"
    name: str = decode(raw, str, "a string", remedy)
    if len(name) > MAX_TYPE_LENGTH:
        message = f"expected at most {MAX_TYPE_LENGTH} characters, got {len(name)}"
        raise Fault(message, remedy)
    return catalogue.task_type(name).name


def read_priority(raw: msgspec.Raw) -> Priority:
    """A priority, by its name or its number; raises :class:`Fault`."""
    numbers = ", ".join(str(priority.value) for priority in Priority)
    remedy = f"send one of {_PRIORITIES}, or its number ({numbers})"
    value: str | int = decode(raw, str | int, "a string or a whole number", remedy)
    if isinstance(value, str) and len(value) > MAX_TYPE_LENGTH:
        raise Fault(f"expected one of {_PRIORITIES}, got {shown(value)}", remedy)
    try:
        return Priority.parse(value)
    except ValueError as error:
        raise Fault(str(error), remedy) from error


def read_user_id(raw: msgspec.Raw) -> str | None:
    """Whose task it is; raises :class:`Fault`."""
    remedy = f"send a string of 1 to {MAX_USER_ID_LENGTH} characters, or leave it out"
    value: str | None = decode(raw, str | None, "a string or null", remedy)
    if value is not None and not 1 <= len(value) <= MAX_USER_ID_LENGTH:
        message = f"expected 1 to {MAX_USER_ID_LENGTH} characters, got {len(value)}"
        raise Fault(message, remedy)
    return value


def decode(raw: msgspec.Raw, expected: Any, wanted: str, remedy: str) -> Any:
    """The value of a member.

    Args:
        raw: its JSON.
        expected: its type, as msgspec takes it.
        wanted: the same in words, as ``a string or null``.
        remedy: what to do if it is something else.

    Raises:
        Fault: it is.
    """
    try:
        return msgspec.json.decode(raw, type=expected)
    except msgspec.ValidationError as error:
        got = shown(msgspec.json.decode(raw))
        raise Fault(f"expected {wanted}, got {got}", remedy) from error


def _unknown(name: str, known: Sequence[str], where: str) -> FieldError:
    what = "field" if where else "parameter"
    return FieldError(
        where + name, f"there is no such {what}", near(name, known, "remove it; there are")
    )
