"""The parts of the OpenAI protocol's answers that are used, checked: servers send all sorts."""

from typing import Any

import msgspec

from penstock_ai.providers.messages import Usage


class NotTheProtocolError(Exception):
    """The answer is not what the OpenAI protocol says."""


class TokenCounts(msgspec.Struct, frozen=True):
    """Usage, by the names of either endpoint."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    input_tokens: Any = None
    output_tokens: Any = None


class Delta(msgspec.Struct, frozen=True):
    """The next piece of a message."""

    content: str | None = None
    refusal: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of the answers; there is only one, as only one is asked for."""

    delta: Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One event of a streamed chat completion. The one with the usage has no choices."""

    model: str | None = None
    choices: list[Choice] | None = None
    usage: TokenCounts | None = None


class Image(msgspec.Struct, frozen=True):
    """A generated image, or where it is."""

    b64_json: str | None = None
    url: str | None = None


class Images(msgspec.Struct, frozen=True):
    """The answer to a request for an image."""

    model: str | None = None
    data: list[Image] | None = None
    usage: TokenCounts | None = None


def read_chunk(event: object) -> Chunk:
    """An event as the SDK built it, which checks nothing.

    Raises:
        NotTheProtocolError: it has another shape.
    """
    try:
        return msgspec.convert(event, Chunk, from_attributes=True)
    except msgspec.ValidationError as error:
        raise NotTheProtocolError(str(error)) from None


def read_images(body: bytes) -> Images:
    """The JSON of an image answer.

    Raises:
        NotTheProtocolError: it is none, or has another shape.
    """
    try:
        return msgspec.json.decode(body, type=Images)
    except msgspec.DecodeError as error:
        raise NotTheProtocolError(str(error)) from None


def usage_of(counts: TokenCounts | None) -> Usage | None:
    """What was counted; ``None`` where nothing was, never 0."""
    if counts is None:
        return None
    asked = _count(counts.prompt_tokens, counts.input_tokens)
    written = _count(counts.completion_tokens, counts.output_tokens)
    if asked is None and written is None:
        return None
    return Usage(input_tokens=asked, output_tokens=written)


def _count(*values: object) -> int | None:
    return next((value for value in values if type(value) is int and value >= 0), None)
