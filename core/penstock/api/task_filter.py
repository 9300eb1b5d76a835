"""Which tasks a caller asks for, in the query of a list or in the body of a bulk request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from penstock.api import cursors
from penstock.api.identifiers import uuid_of
from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, invalid_request
from penstock.api.submission import MAX_TYPE_LENGTH, MAX_USER_ID_LENGTH
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
PAGE_FIELDS = ("limit", "cursor")
MAX_ERROR_LENGTH = 200
_MOST_ERRORS = 20
_DATE = "2026-11-25T12:00:00Z"
_ID = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b"

T = TypeVar("T")


class _Fault(Exception):  # noqa: N818 - not an error of ours: it carries the caller's to the list
    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Values:
    """Texts by name, read one after the other; what is wrong is gathered.

    Args:
        values: what was given.
        known: all names that there are.
        where: what stands before a name in an error, as ``$.filter.``.
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
        except _Fault as fault:
            self.errors.append(FieldError(self._where + name, fault.message, fault.remedy))
            return None

    def filter(self, *, only: frozenset[Status] | None = None) -> TaskFilter:
        """The filter that they say.

        Args:
            only: no status but these may be asked for.
        """
        return TaskFilter(
            status=self.read("status", lambda value: _statuses(value, only)) or frozenset(),
            queue=self.read("queue", _text(MAX_TYPE_LENGTH)),
            type=self.read("type", _text(MAX_TYPE_LENGTH)),
            user_id=self.read("user_id", _text(MAX_USER_ID_LENGTH)),
            parent_id=self.read("parent_id", _uuid),
            batch_id=self.read("batch_id", _uuid),
            created_after=self.read("created_after", _moment),
            created_before=self.read("created_before", _moment),
            error=self.read("error", _text(MAX_ERROR_LENGTH)),
        )

    def check(self) -> None:
        """Go on if nothing was wrong.

        Raises:
            Problem: naming everything that is.
        """
        if self.errors:
            raise invalid_request(self.errors[:_MOST_ERRORS])


def read_limit(most: int) -> Callable[[str], int]:
    """A number of tasks, at most so many."""

    def read(value: str) -> int:
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0  # noqa: PLR2004
        if not 1 <= number <= most:
            message = f"expected a whole number from 1 to {most}, got {shown(value)}"
            raise _Fault(message, "correct it, or leave it out")
        return number

    return read


def read_cursor(value: str) -> UUID:
    """Where a page begins."""
    try:
        return cursors.decode(value)
    except ValueError as error:
        message = f"expected the 'next' of an answer, got {shown(value)}"
        raise _Fault(
            message, "send it as it was answered, or leave it out to begin anew"
        ) from error


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
            errors.append(FieldError(where + name, message, _near(value, sorted(known))))
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
        raise invalid_request(errors[:_MOST_ERRORS])
    return found


def _unknown(name: str, known: Sequence[str], where: str) -> FieldError:
    remedy = f"{_near(name, known, 'remove it; there are')}"
    return FieldError(where + name, "there is no such filter", remedy)


def _near(given: str, known: Sequence[str], otherwise: str = "there are") -> str:
    near = get_close_matches(given, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}{otherwise} {', '.join(known)}"


def _statuses(value: str, only: frozenset[Status] | None) -> frozenset[Status]:
    allowed = [each.value for each in Status if only is None or each in only]
    found = set()
    for word in value.split(","):
        if word not in {each.value for each in Status}:
            raise _Fault(f"there is no status {shown(word)}", _near(word, allowed))
        if word not in allowed:
            message = f"a task that is {word} is never changed by this"
            raise _Fault(message, f"ask for {' or '.join(allowed)}, or leave it out")
        found.add(Status(word))
    return frozenset(found)


def _text(most: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not 1 <= len(value) <= most or "\0" in value:
            message = f"expected 1 to {most} characters without NUL, got {shown(value)}"
            raise _Fault(message, "correct it, or leave it out")
        return value

    return read


def _uuid(value: str) -> UUID:
    found = uuid_of(value)
    if found is None:
        raise _Fault(f"expected a UUID, got {shown(value)}", f"send an id like {_ID}")
    return found


def _moment(value: str) -> datetime:
    try:
        found = msgspec.convert(value, datetime, strict=False)
    except msgspec.ValidationError as error:
        message = f"expected a date and time, got {shown(value)}"
        raise _Fault(message, f"write it like {_DATE}") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
