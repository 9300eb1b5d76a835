"""Why somebody wants something cancelled."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from penstock.api.access import Principal
from penstock.api.fields import unknown_field
from penstock.api.json_body import read_object
from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, invalid_request

MAX_REASON_LENGTH = 500
_FIELDS = ("reason",)


async def by_whom(request: Request[Any, Any, Any], principal: Principal) -> str:
    """Who cancels something and why, as the optional body says.

    Raises:
        Problem: for a body that is there and says anything else.
    """
    by = f"cancelled by {principal.name}"
    reason = await _read_reason(request)
    return f"{by}: {reason}" if reason else by


async def _read_reason(request: Request[Any, Any, Any]) -> str | None:
    """The reason in an optional body.

    Raises:
        Problem: for a body that is there and says anything else.
    """
    if not await request.body():
        return None
    members = await read_object(request)
    errors = [unknown_field(name, _FIELDS) for name in members if name not in _FIELDS]
    reason = msgspec.json.decode(members["reason"]) if "reason" in members else None
    errors += check_reason(reason)
    if errors:
        raise invalid_request(errors)
    return str(reason) if reason else None


def check_reason(reason: object) -> list[FieldError]:
    """What is wrong with the ``reason`` in a body, if anything is; it may be left out."""
    if reason is None or (isinstance(reason, str) and 1 <= len(reason) <= MAX_REASON_LENGTH):
        return []
    message = f"expected a string of 1 to {MAX_REASON_LENGTH} characters, got {shown(reason)}"
    return [FieldError("$.reason", message, "shorten it, or leave it out")]
