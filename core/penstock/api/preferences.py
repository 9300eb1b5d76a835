"""The header ``Prefer`` (RFC 7240): how a caller would like to be answered."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from litestar import Request

# Token, and perhaps a value; what else there is of a preference is none of ours.
_WAIT = re.compile(r'\s*wait\s*=\s*"?(?P<seconds>\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def read_wait(request: Request[Any, Any, Any], *, most: timedelta) -> timedelta | None:
    """For how long the caller prefers to wait, but no longer than ``most``.

    A preference that cannot be understood is ignored, as the RFC demands.
    """
    for preference in request.headers.get("prefer", "").split(","):
        if found := _WAIT.fullmatch(preference):
            return min(timedelta(seconds=int(found["seconds"])), most)
    return None


def applied(wait: timedelta) -> dict[str, str]:
    """The header that says which preference was honoured."""
    return {"Preference-Applied": f"wait={int(wait.total_seconds())}"}
