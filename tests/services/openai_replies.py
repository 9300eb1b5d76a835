"""What the server that speaks the OpenAI protocol may do with a request, by name."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

_MARKER = re.compile(r"\[wire:\s*(\w+)((?:\s+\w+=\S+?)*)\s*\]")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server does with one request.

    Attributes:
        status: of the HTTP response; other than 200 the body is ``error``.
        error: the error object; in a stream with status 200, an event after ``cut_after`` chunks.
        retry_after: the header, as it is sent; ``date:N`` sends the HTTP-date N seconds ahead.
        delay: seconds before the answer begins.
        pause: seconds before each chunk of text but the first.
        text: what is said instead of the notice and the prompt.
        refusal: said as the message's ``refusal``, instead of any text.
        finish_reason: the last chunk's; ``None`` is as if the stream had been cut before.
        usage: whether token counts are sent, if they are asked for.
        choices: whether there are any.
        cut_after: how many chunks of text are sent before the stream ends; of an image, half.
        ending: how a cut stream, or one without a finish reason, ends: as HTTP says, or not.
        piece: into so many bytes each event is cut, one HTTP chunk each, also inside a character.
        raw: the whole body, instead of anything above.
        headers: more of them.
        hang: never answer.
        drop: close the connection instead of an answer.
        picture: what the image endpoint sends: the image, or what is wrong with it.
    """

    status: int = 200
    error: dict[str, Any] | None = None
    retry_after: str | None = None
    delay: float = 0.0
    pause: float = 0.0
    text: str | None = None
    refusal: str | None = None
    finish_reason: str | None = "stop"
    usage: bool = True
    choices: bool = True
    cut_after: int | None = None
    ending: Literal["clean", "abrupt"] = "clean"
    piece: int | None = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    picture: Literal["png", "junk", "bad_base64", "url", "empty"] = "png"


def _failure(status: int, message: str, kind: str, code: str | None = None) -> Reply:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Reply(status=status, error=error)


_OVERLOADED = {"message": "The server is overloaded", "type": "server_error", "code": None}
_POLICY = "content_policy_violation"

REPLIES: dict[str, Reply] = {
    "ok": Reply(),
    "no_usage": Reply(usage=False),
    "rate_limited": _failure(429, "Rate limit reached", "requests", "rate_limit_exceeded"),
    "insufficient_quota": _failure(
        429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"
    ),
    "payment_required": _failure(402, "Insufficient credits", "billing"),
    "timeout_408": _failure(408, "Request timed out", "server_error"),
    "conflict_409": _failure(409, "Try again", "server_error"),
    "error_500": _failure(500, "The server had an error", "server_error"),
    "unavailable_503": _failure(503, "The engine is starting", "server_error"),
    "overloaded_529": _failure(529, "Overloaded", "overloaded_error"),
    "bad_request": _failure(400, "Unsupported parameter", "invalid_request_error", "unsupported"),
    "unauthorized": _failure(
        401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"
    ),
    "model_not_found": _failure(
        404, "The model does not exist", "invalid_request_error", "model_not_found"
    ),
    "content_policy": _failure(
        400, "Rejected by the safety system", "invalid_request_error", _POLICY
    ),
    "content_filter": Reply(finish_reason="content_filter"),
    "length": Reply(finish_reason="length"),
    "refusal": Reply(refusal="I cannot help with that."),
    "cut": Reply(cut_after=2),
    "cut_abruptly": Reply(cut_after=2, ending="abrupt"),
    "cut_at_once": Reply(cut_after=0, ending="abrupt"),
    "error_event": Reply(cut_after=2, error=_OVERLOADED),
    "policy_event": Reply(
        cut_after=2, error={"message": "Filtered", "type": "invalid_request_error", "code": _POLICY}
    ),
    "garbage": Reply(raw=b"data: {not json\n\n"),
    "no_json": Reply(raw=b"<html>It works!</html>", headers={"content-type": "text/html"}),
    "wrong_shape": Reply(raw=b'data: {"choices": 5}\n\n'),
    "hang": Reply(hang=True),
    "drop": Reply(drop=True),
    "empty_choices": Reply(choices=False),
    "redirect": Reply(status=307, headers={"location": "/v1/elsewhere"}),
    "not_an_image": Reply(picture="junk"),
    "not_base64": Reply(picture="bad_base64"),
    "url_only": Reply(picture="url"),
    "no_data": Reply(picture="empty"),
}


def scripted(prompt: str) -> list[Reply]:
    """What the markers in a prompt say, one after the other; see :mod:`openai_server`."""
    kinds = {"delay": float, "pause": float, "retry_after": str}
    replies: list[Reply] = []
    for name, options in _MARKER.findall(prompt):
        values = dict(option.split("=", 1) for option in options.split())
        times = int(values.pop("times", "1"))
        overrides: dict[str, Any] = {key: kinds[key](value) for key, value in values.items()}
        replies += [replace(REPLIES[name], **overrides)] * times
    return replies
