"""What the tasks of this plugin use of the provider of models, whose unit is a token."""

from typing import Protocol

from penstock import Context, Provider
from penstock_ai.providers.provider import Usage

OPENAI = Provider("openai")
"""Whatever speaks the OpenAI protocol. Its limits depend on the account: the operator sets them."""
_CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly."""
_TYPICAL_ANSWER = 1000
"""Tokens. Nobody knows how long an answer will be."""


class Request(Protocol):
    """What the inputs of all task types of this plugin have in common."""

    @property
    def prompt(self) -> str | None:
        """What a model shall make."""
        ...

    @property
    def provider(self) -> str | None:
        """The one that the caller names."""
        ...


def provider_of(request: Request) -> Provider | None:
    """The provider that ``request`` asks, if it asks one: a prompt needs a model."""
    return OPENAI if request.prompt is not None and request.provider != "builtin" else None


def tokens_of(request: Request) -> int:
    """How many tokens answering the prompt of ``request`` takes, as far as can be known before."""
    return tokens(request.prompt or "")


def tokens(text: str, *, answer: int | None = None) -> int:
    """How many tokens a model reads and writes that is sent ``text``.

    Args:
        text: all of it.
        answer: how many tokens the answer has at most, if that is known.
    """
    return len(text) // _CHARACTERS_PER_TOKEN + (answer or _TYPICAL_ANSWER)


async def charge(ctx: Context, usage: Usage | None) -> None:
    """Charge what a model used instead of the estimate, if it says it."""
    if usage is not None and usage.input_tokens is not None and usage.output_tokens is not None:
        await ctx.charge(usage.input_tokens + usage.output_tokens)
