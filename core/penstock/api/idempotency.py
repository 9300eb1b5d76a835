"""The header ``Idempotency-Key``, which makes a request safe to repeat."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from penstock.api.access import Principal
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.dispatch import InvalidInputError, Submission
from penstock.dispatch.inputs import check_idempotency_key

HEADER = "Idempotency-Key"


def read_key(request: Request[Any, Any, Any]) -> str | None:
    """The request's key, if it has one.

    Raises:
        Problem: 400, for one that is none.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    try:
        check_idempotency_key(key)
    except InvalidInputError as error:
        raise Problem(
            "invalid-idempotency-key",
            status=400,
            title="The idempotency key is not valid",
            detail=f"header {HEADER}: {error.message}; send a new UUID, say, for each new request",
        ) from error
    return key


def keyed(
    submission: Submission, request: Request[Any, Any, Any], principal: Principal
) -> Submission:
    """The submission with the key of the request's header, if that has one, as its caller's own.

    Raises:
        Problem: 400, for a header that is no key; 422, if the body names another one.
    """
    key = read_key(request)
    if key is not None and submission.idempotency_key not in {None, key}:
        message = f"the header {HEADER} names another key"
        raise invalid_request([FieldError("$.idempotency_key", message, "send one of them")])
    return msgspec.structs.replace(
        submission,
        principal=principal.name,
        idempotency_key=submission.idempotency_key if key is None else key,
    )
