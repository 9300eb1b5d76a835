"""What an API may answer, whatever its protocol."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

TEXT = ("Nothing ", "polls; ", "it sleeps.")
"""What a model says, in pieces, each of which arrives on its own."""
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one pixel."""

Ending = Literal["clean", "abrupt", "open"]
"""As HTTP says; cut in the middle; or not at all, until the client goes."""


class Reply(StrEnum):
    """A situation. In words for the author of :meth:`ProviderContract.answer`."""

    OK = "ok"
    """The text :data:`TEXT` piece by piece, or the picture :data:`PNG`; 7 tokens in, 11 out."""
    TRUNCATED = "truncated"
    """The first piece of the text, cut at the ``max_output_tokens`` that were asked for."""
    CUT = "cut"
    """The first piece of the text, and then the connection is gone: ending ``abrupt``."""
    UNFINISHED = "unfinished"
    """The same, but the answer ends as HTTP says, and without saying that it is complete."""
    HANGING = "hanging"
    """The first piece of the text, and then nothing: ending ``open``."""
    LOST = "lost"
    """No answer at all, though the request has arrived: the connection is gone."""
    RATE_LIMITED = "rate_limited"
    """Too many requests; ``Retry-After`` says 2 seconds."""
    BUSY = "busy"
    """Too many requests, without a time to come back at."""
    FAILED = "failed"
    """An error of the server's own, which will pass."""
    NO_KEY = "no_key"
    """The key is wrong; the message holds it."""
    REFUSED = "refused"
    """The model does not want to, by its content policy."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came.

    Attributes:
        headers: with names in lower case.
        body: the JSON of it; ``None`` without one.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent back; ``parts`` arrive one after the other, each on its own."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[bytes] = ()
    ending: Ending = "clean"
