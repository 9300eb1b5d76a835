"""Reading a task's input: JSON text in, a typed value or an error with its place out."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from penstock.declarations import TaskType
from penstock.dispatch.errors import InvalidInputError

MAX_DEPTH = 64
"""How deep arrays and objects may be nested in an input."""

# msgspec ends its messages with where it found the fault: "... - at `$.width`".
_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


def decode(task_type: TaskType[Any, Any], text: bytes | str) -> Any:
    """The input that ``text`` holds.

    Raises:
        InvalidInputError: naming the place and what is wrong there.
    """
    check_text(text)
    try:
        return msgspec.json.decode(text, type=task_type.input_type)
    except msgspec.DecodeError as error:
        found = _PLACE.match(str(error))
        message, path = (found["message"], found["path"]) if found else (str(error), None)
        raise InvalidInputError(path or "$", message) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("$", f"not readable as JSON: {error}") from error


def check_text(text: bytes | str) -> None:
    """Refuse what a database or a later reader of the JSON could not take.

    Raises:
        InvalidInputError: for a NUL character, or nesting deeper than :data:`MAX_DEPTH`.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    depth = deepest = 0
    inside_string = False
    # Only the bytes that open, close or escape matter; the pattern skips all others at C speed.
    for match in _STRUCTURE.finditer(data):
        token = match[0]
        if inside_string:
            if token == b'"':
                inside_string = False
            elif token == b"\\u0000":
                raise InvalidInputError("$", "a string holds a NUL character; remove it")
        elif token == b'"':
            inside_string = True
        elif token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                message = f"nested deeper than {MAX_DEPTH} levels; flatten it"
                raise InvalidInputError("$", message)
        elif token in b"]}":
            depth -= 1


_STRUCTURE = re.compile(rb'\\u[0-9a-fA-F]{4}|\\.|["\[\]{}]', re.DOTALL)
