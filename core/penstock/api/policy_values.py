"""What an operator says in a body: values by knob, as one would write them into the variables."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from penstock.api.json_body import read_object
from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, invalid_request


async def read_values(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """What is said, by knob; ``None`` takes it back.

    Raises:
        Problem: nothing is said, or something that is no text, number or boolean.
    """
    members = await read_object(request)
    values: dict[str, str | None] = {}
    errors = []
    for name, raw in members.items():
        value = msgspec.json.decode(raw)
        match value:
            case None | str():
                values[name] = value
            case bool():
                values[name] = str(value).lower()
            case int() | float():
                values[name] = str(value)
            case _:
                message = f"expected a string, a number, a boolean or null, got {shown(value)}"
                remedy = 'write it as into the variable: "10/1s", 8; null takes it back'
                errors.append(FieldError(f"$.{name}", message, remedy))
    if not members:
        message = "there is nothing to set"
        remedy = 'name a knob with its value, like {"concurrency": 8}'
        errors.append(FieldError("$", message, remedy))
    if errors:
        raise invalid_request(errors)
    return values
