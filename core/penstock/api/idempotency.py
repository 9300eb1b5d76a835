"""The header ``Idempotency-Key``, which makes a request safe to repeat."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
from litestar import Request

from penstock.api.access import Principal
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.dispatch import InvalidInputError, RequestKey, Submission
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


def refuse_key(request: Request[Any, Any, Any]) -> None:
    """Refuse a key where it would make nothing safe to repeat.

    Raises:
        Problem: 400, if there is one.
    """
    if HEADER in request.headers:
        raise Problem(
            "invalid-idempotency-key",
            status=400,
            title="The idempotency key would do nothing here",
            detail=f"this request is not safe to repeat; send it without the header {HEADER}",
        )


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


async def request_key(
    request: Request[Any, Any, Any], principal: Principal, *, of: str
) -> RequestKey | None:
    """The key in the header of a request for many tasks, if it has one.

    Args:
        request: all of its body is what is asked for.
        principal: whose key it is.
        of: what is made by it: the same body means something else elsewhere.

    Raises:
        Problem: 400, for one that is none.
    """
    key = read_key(request)
    if key is None:
        return None
    fingerprint = sha256(of.encode() + b"\0" + await request.body()).hexdigest()
    return RequestKey(principal.name, key, fingerprint)
