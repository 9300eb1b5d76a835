"""What a provider's models take and give."""

from collections.abc import Awaitable, Callable

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a model consumed. ``None`` is unknown, which is not 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a model shall write. ``model`` overrides the operator's choice."""

    text: str
    system: str = ""
    model: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wrote, complete. ``model`` is the one that the provider says it used."""

    text: str
    model: str | None
    usage: Usage | None
    is_truncated: bool = False
    """Whether it ends where the prompt's ``max_output_tokens`` did."""


class PicturePrompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a model shall draw. Width and height are in pixels; ``None`` leaves them to it."""

    text: str
    model: str | None = None
    width: int | None = None
    height: int | None = None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What a model drew: the bytes of an image file, as they came."""

    data: bytes
    model: str | None
    usage: Usage | None


OnText = Callable[[str], Awaitable[None]]
"""Called with all the text so far, each time that more of it has arrived."""
