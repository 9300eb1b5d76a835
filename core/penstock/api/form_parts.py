"""The parts of a multipart form, one after the other, while they arrive."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from multipart import (  # type: ignore[import-untyped]  # its annotations are not marked as such
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
)

from penstock.api.problems import (
    FieldError,
    Problem,
    refuse_encoding,
    too_large,
    unsupported_media_type,
)

MEDIA_TYPE = "multipart/form-data"

_MAX_BOUNDARY_LENGTH = 70  # RFC 2046, 5.1.1
_CURL = "curl -H 'Authorization: Bearer <key>' -F file=@photo.jpg <address>/api/uploads"

_Events = AsyncGenerator[MultipartSegment | bytes | None]


class Part:
    """One part of a form: its headers, and its bytes in chunks (once).

    ``filename`` and ``content_type`` are what the caller says; nothing about them is checked.
    """

    def __init__(self, segment: MultipartSegment, events: _Events) -> None:
        self.name: str = segment.name or ""
        self.filename: str | None = segment.filename
        self.content_type: str | None = segment.header("Content-Type")
        self._events = events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for event in self._events:
            if event is None:
                return
            assert isinstance(event, bytes)  # noqa: S101  (the parser's promise: told to mypy)
            yield event


@asynccontextmanager
async def form_parts(
    request: Request[Any, Any, Any], *, max_bytes: int
) -> AsyncGenerator[AsyncIterator[Part]]:
    """The parts in the body of ``request``, for as long as the context lasts.

    Each part is read to its end before the next one is asked for. Nothing is kept in memory but a
    chunk and the headers of one part, which the parser bounds (8 of 4 KiB).

    Args:
        request: its route refuses longer bodies than ``max_bytes``.
        max_bytes: named to whoever sends more.

    Raises:
        Problem: 415 for what is no form, 400 for one that is malformed or ends too early, 413 for
            one that is too large; the latter two also while the parts are read.
    """
    async with aclosing(_events(request, _boundary(request), max_bytes)) as events:
        yield _parts(events)


async def _parts(events: _Events) -> AsyncIterator[Part]:
    async for event in events:
        if isinstance(event, MultipartSegment):
            yield Part(event, events)


async def _events(request: Request[Any, Any, Any], boundary: str, max_bytes: int) -> _Events:
    """What the parser tells: a part's headers, then its chunks, then None; and so for each."""
    try:
        async with aclosing(request.stream()) as stream:
            # Not strict: that refuses the line break after the form if it comes on its own.
            with PushMultipartParser(boundary) as parser:
                async for chunk in stream:
                    for event in parser.parse(chunk):
                        yield event
    except RequestEntityTooLarge as error:
        setting = "PENSTOCK_MAX_UPLOAD_BYTES"
        raise too_large("$", "the body", max_bytes, setting=setting) from error
    except InternalServerException as error:
        # The caller went away in the middle of the body: nobody reads this answer.
        raise malformed("$", "the body ended before its end", "send the whole body") from error
    except MultipartError as error:
        message = f"the form cannot be read: {error}"
        remedy = f"send a whole form, written as RFC 7578 says, like {_CURL}"
        raise malformed("$", message, remedy) from error


def malformed(field: str, message: str, remedy: str) -> Problem:
    """The body is a form that cannot be read."""
    return Problem(
        "malformed-form",
        status=400,
        title="The body is not readable as a form",
        detail=f"{message}; {remedy}" if field == "$" else f"{field}: {message}; {remedy}",
        errors=[FieldError(field, message, remedy)],
    )


def _boundary(request: Request[Any, Any, Any]) -> str:
    media_type, options = request.content_type
    if media_type != MEDIA_TYPE:
        given = request.headers.get("content-type")
        message = f"expected the content type {MEDIA_TYPE}, got {given or 'none'}"
        remedy = f"send the file as a form: {_CURL}"
        raise unsupported_media_type(message, remedy, accept=MEDIA_TYPE)
    refuse_encoding(request, accept=MEDIA_TYPE)
    boundary = options.get("boundary", "")
    plain = boundary.isascii() and boundary.isprintable()
    if not plain or not 1 <= len(boundary) <= _MAX_BOUNDARY_LENGTH:
        message = (
            f"expected the header Content-Type to have a boundary of 1 to {_MAX_BOUNDARY_LENGTH} "
            f"ASCII characters, got {boundary!r}"
        )
        remedy = "let the HTTP client set that header: it alone knows the boundary that it writes"
        raise malformed("$", message, remedy)
    return boundary
