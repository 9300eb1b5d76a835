"""Errors as RFC 9457 problem documents.

Each carries ``success: false``, so that a caller who looks at nothing else still knows, and
``request_id``, which finds the request in the logs.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.plugins.problem_details import ProblemDetailsException

from penstock.api.request_id import request_id

MEDIA_TYPE = "application/problem+json"
_TYPES = "/problems/"


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request.

    ``field`` is where, as ``$.input.markdown`` (``$`` is the whole body); ``remedy`` is what to do.
    """

    field: str
    message: str
    remedy: str


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What an error looks like. ``type`` is stable: programs may tell problems apart by it."""

    success: bool = False
    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    data: Any | msgspec.UnsetType = msgspec.UNSET


class Problem(ProblemDetailsException):
    """Ends a request with a problem document.

    Args:
        slug: the last part of the problem's ``type``, as ``unknown-task-type``.
        status: the HTTP status.
        title: what kind of problem it is; the same for all problems of a type.
        detail: what is wrong this time, and what to do.
        errors: what is wrong where, if the request's content is at fault.
        data: what the answer would have said, if part of it is known.
        headers: of the answer.
    """

    def __init__(
        self,
        slug: str,
        *,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        data: object = msgspec.UNSET,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(
            detail=detail, status_code=status, headers=headers, type_=_TYPES + slug, title=title
        )
        self.errors = list(errors)
        self.data = data

    def document(self, request: Request[Any, Any, Any]) -> ProblemDocument:
        """The problem document, about this request."""
        return ProblemDocument(
            type=self.type_ or "about:blank",
            title=self.title or "",
            status=self.status_code,
            detail=self.detail,
            instance=request.scope["path"],
            request_id=request_id(request.scope),
            errors=self.errors or msgspec.UNSET,
            data=self.data,
        )

    def to_response(self, request: Request[Any, Any, Any]) -> Response[Any]:
        """The problem document, as the answer to this request."""
        return Response(
            self.document(request),
            media_type=MEDIA_TYPE,
            status_code=self.status_code,
            headers=self.headers,
        )


def refuse_encoding(request: Request[Any, Any, Any], *, accept: str) -> None:
    """Refuse a body that is compressed.

    Raises:
        Problem: 415.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        message = f"expected a plain body, got the content encoding {encoding}"
        remedy = "send the body uncompressed, without the header 'Content-Encoding'"
        raise unsupported_media_type(message, remedy, accept=accept)


def invalid_request(errors: Sequence[FieldError]) -> Problem:
    """The request can be read, but asks for what cannot be done."""
    first, more = errors[0], len(errors) - 1
    detail = f"{first.field}: {first.message}" + (f" (and {more} more)" if more else "")
    return Problem(
        "invalid-request",
        status=422,
        title="The request's content is not valid",
        detail=detail,
        errors=errors,
    )


def unsupported_media_type(message: str, remedy: str, *, accept: str) -> Problem:
    """The body is of a kind that the route does not take; ``accept`` is the one that it does."""
    return Problem(
        "unsupported-media-type",
        status=415,
        title="The body's media type is not supported",
        detail=f"{message}; {remedy}",
        errors=[FieldError("$", message, remedy)],
        headers={"Accept": accept},
    )


def too_large(
    field: str, what: str, limit: int, *, setting: str, size: int | None = None
) -> Problem:
    """``what``, at ``field``, has more than ``limit`` bytes; the operator's ``setting`` says so.

    ``size`` is how many it has, if that is known.
    """
    error = FieldError(
        field,
        f"{what} is larger than {limit} bytes" + (f": it has {size}" if size is not None else ""),
        f"send at most {limit} bytes, or have the operator raise {setting}",
    )
    return Problem(
        "body-too-large",
        status=413,
        title="The body is too large",
        detail=f"{error.message}; {error.remedy}",
        errors=[error],
    )
