"""An id for each request, in its answer, its problem document and its log lines."""

import re
from uuid import uuid4

from litestar.datastructures import Headers
from litestar.types import Scope

HEADER = "X-Request-Id"
_STATE_KEY = "penstock_request_id"
_SANE = re.compile(r"[A-Za-z0-9._:+=/-]{1,128}")


def request_id(scope: Scope) -> str:
    """The request's id: the caller's, if it is short and harmless to log, else a new one."""
    state = scope["state"]
    known = state.get(_STATE_KEY)
    if isinstance(known, str):
        return known
    given = Headers.from_scope(scope).get(HEADER, "")
    chosen = given if _SANE.fullmatch(given) else uuid4().hex
    state[_STATE_KEY] = chosen
    return chosen
