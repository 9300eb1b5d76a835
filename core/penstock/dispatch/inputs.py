"""Reading a task's input: JSON text in, a typed value or an error with its place out."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from penstock.declarations import TaskType
from penstock.declarations.unfit import UnfitError
from penstock.dispatch.errors import InputTooLargeError, InvalidInputError
from penstock.ledger.models import USER_ID_LENGTH

MAX_DEPTH = 64
"""How deep arrays and objects may be nested in an input."""

MAX_KEY_LENGTH = 255
"""How long an idempotency key may be."""


def decode(task_type: TaskType[Any, Any], text: bytes | str) -> Any:
    """The input that ``text``, which nobody has looked at yet, holds.

    Raises:
        InvalidInputError: naming the places and what is wrong there.
    """
    check_text(text)
    try:
        return task_type.input.decode(text)
    except UnfitError as error:
        raise InvalidInputError.of(error.faults) from error


def check_size(text: bytes | str, most: int) -> None:
    """Refuse an input that is longer than ``most`` bytes in UTF-8.

    Raises:
        InputTooLargeError: with both numbers.
    """
    # A character has at most four bytes: most texts need not be encoded for this.
    if len(text) * 4 <= most:
        return
    size = len(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    if size > most:
        raise InputTooLargeError(size, most)


def check_user_id(user_id: str) -> None:
    """Refuse what not every database could store.

    Raises:
        InvalidInputError: for a NUL character, a lone surrogate, or more than 255 characters.
    """
    fault = None
    if len(user_id) > USER_ID_LENGTH:
        fault = f"expected at most {USER_ID_LENGTH} characters, got {len(user_id)}"
    elif any(each == "\0" or "\ud800" <= each <= "\udfff" for each in user_id):
        fault = "it holds a NUL character or half a surrogate pair; remove it"
    if fault:
        raise InvalidInputError("user_id", fault)


def check_idempotency_key(key: str) -> None:
    """Refuse what is no idempotency key.

    Raises:
        InvalidInputError: unless it is 1 to 255 visible ASCII characters.
    """
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidInputError(
            "idempotency_key",
            f"expected 1 to {MAX_KEY_LENGTH} visible ASCII characters without spaces, got "
            f"{len(key)} characters like {key[:40]!r}",
        )


def check_text(text: bytes | str) -> None:
    """Refuse what a database or a later reader of the JSON could not take.

    Linear, and at C speed but for the brackets: a large body must not hold up the event loop.

    Raises:
        InvalidInputError: for a NUL character, bytes that are no UTF-8, or nesting deeper than
            :data:`MAX_DEPTH`.
    """
    try:
        if isinstance(text, str):
            data = text.encode()
        else:
            data = text
            data.decode()
    except UnicodeError as error:
        raise InvalidInputError("$", f"not valid UTF-8: {error}") from error
    # Nearly every input is done with after the cheap half of each look.
    if rb"\u0000" in data and _NUL.search(data):
        raise InvalidInputError("$", "a string holds a NUL character; remove it")
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRING.sub(b"", data).translate(None, delete=_NO_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise InvalidInputError("$", f"nested deeper than {MAX_DEPTH} levels; flatten it")


_IDEMPOTENCY_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")
# An escaped NUL: an even number of backslashes in front of it are escapes of their own.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(each for each in range(256) if each not in _STEP)
