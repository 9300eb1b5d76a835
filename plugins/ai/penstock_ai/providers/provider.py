"""What every provider takes, gives and promises."""

from collections.abc import Awaitable, Callable
from typing import Protocol

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


class Provider(Protocol):
    """Something that answers prompts.

    A call makes at most one paid request: the queue owns retries. Whatever goes wrong becomes one
    of ``penstock``'s errors, which say what shall happen next:

    =========================  =================================================================
    ``RateLimitedError``       the provider named a time to come back at: until then nobody asks
                               it, and no attempt is spent
    ``TransientError``         ``rate_limited``, ``provider_unavailable``, ``provider_timeout``,
                               ``incomplete_output``: try again by the task's policy
    ``PermanentError``         ``capability_unavailable``, ``content_policy``, ``billing``,
                               ``provider_refused``: trying again cannot help;
                               ``outcome_unknown``: a paid request whose answer was lost, which
                               is never sent again by itself
    =========================  =================================================================
    """

    @property
    def name(self) -> str:
        """A short word, as in the setting and in results: ``openai``."""
        ...

    @property
    def label(self) -> str:
        """For people: what answers behind this name."""
        ...

    @property
    def is_model(self) -> bool:
        """Whether an AI model answers."""
        ...

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        """Have a text written.

        Raises:
            TaskError: see the class.
        """
        ...

    async def draw(self, prompt: PicturePrompt) -> Picture:
        """Have an image drawn.

        Raises:
            TaskError: see the class.
        """
        ...
