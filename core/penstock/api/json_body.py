"""Reading a request's JSON body; whatever cannot be read becomes a problem that says why."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from penstock.api.json_faults import explain, locate
from penstock.api.problems import (
    FieldError,
    Problem,
    invalid_request,
    refuse_encoding,
    unsupported_media_type,
)
from penstock.dispatch.inputs import MAX_DEPTH

# An escaped NUL; the backslashes before it are escaped ones themselves, in pairs.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

_DEPTH_ERROR = FieldError(
    "$", "the JSON is nested too deeply", f"nest at most {MAX_DEPTH} arrays and objects in 'input'"
)


async def read_object(request: Request[Any, Any, Any]) -> dict[str, msgspec.Raw]:
    """The members of the JSON object in the request's body, each still JSON text.

    All of it is known to be valid UTF-8 and JSON, of characters and numbers that can be stored.

    Raises:
        Problem: 415 for another content type or encoding, 400 for what is not JSON, 422 for JSON
            that cannot be taken.
    """
    _check_headers(request)
    try:
        body = await request.body()
    except InternalServerException as error:
        # The caller went away in the middle of the body: nobody reads this answer.
        message = "the body ended before its end"
        raise _malformed("$", message, "send the whole body") from error
    return decode_object(body)


def decode_object(body: bytes) -> dict[str, msgspec.Raw]:
    """See :func:`read_object`."""
    if not body.strip():
        raise _malformed("$", "the body is empty", "send a JSON object")
    try:
        # All of it, though members are handed on undecoded: msgspec skips over faults in those.
        value = msgspec.json.decode(body)
    except RecursionError as error:
        raise invalid_request([_DEPTH_ERROR]) from error
    except UnicodeDecodeError as error:
        raise _not_utf8(body) from error
    except msgspec.DecodeError as error:
        raise _not_json(body) from error
    if not isinstance(value, dict):
        raise invalid_request([_not_an_object(value)])
    if _NUL.search(body):
        field = locate(value, lambda each: isinstance(each, str) and "\0" in each) or "$"
        message = "a string holds a NUL character (\\u0000), which cannot be stored"
        raise invalid_request([FieldError(field, message, "remove the NUL character")])
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def _check_headers(request: Request[Any, Any, Any]) -> None:
    media_type, options = request.content_type
    charset = options.get("charset", "utf-8").lower()
    if media_type.lower() != "application/json" or charset not in {"utf-8", "utf8", "us-ascii"}:
        given = request.headers.get("content-type")
        message = f"expected the content type application/json in UTF-8, got {given or 'none'}"
        remedy = "send JSON with the header 'Content-Type: application/json'"
        raise unsupported_media_type(message, remedy, accept="application/json")
    refuse_encoding(request, accept="application/json")


def _not_utf8(body: bytes) -> Problem:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        message = f"the body is not valid UTF-8 at byte {error.start}"
        # With the invalid bytes replaced, the text may be JSON that shows the field.
        field = _field_of_replacement(body)
        return _malformed(field, message, "encode the text as UTF-8")
    return _malformed("$", "the body is not valid UTF-8", "encode the text as UTF-8")


def _field_of_replacement(body: bytes) -> str:
    mark = "\N{REPLACEMENT CHARACTER}"
    try:
        value = msgspec.json.decode(body.decode(errors="replace"))
    except (msgspec.DecodeError, RecursionError):
        return "$"
    return locate(value, lambda each: isinstance(each, str) and mark in each) or "$"


def _not_json(body: bytes) -> Problem:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _not_utf8(body)
    try:
        field, message = explain(text)
    except RecursionError:
        return invalid_request([_DEPTH_ERROR])
    return _malformed(field, message, "send valid JSON (RFC 8259)")


def _not_an_object(value: object) -> FieldError:
    got = {list: "an array", str: "a string", type(None): "null", bool: "a boolean"}
    message = f"expected a JSON object, got {got.get(type(value), 'a number')}"
    return FieldError("$", message, 'send an object like {"type": "…", "input": {…}}')


def _malformed(field: str, message: str, remedy: str) -> Problem:
    return Problem(
        "malformed-json",
        status=400,
        title="The body is not readable as JSON",
        detail=f"{message}; {remedy}" if field == "$" else f"{field}: {message}; {remedy}",
        errors=[FieldError(field, message, remedy)],
    )
