"""What the tasks of this plugin use of the providers of models, whose unit is a token."""

from typing import Any

from penstock import Context, Installed
from penstock_ai.providers.choice import Request, choose
from penstock_ai.providers.messages import Usage
from penstock_ai.providers.model_provider import Capability, ModelProvider

_CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly."""
_TYPICAL_ANSWER = 1000
"""Tokens. Nobody knows how long an answer will be."""


def text_provider_of(request: Request, installed: Installed) -> ModelProvider[Any] | None:
    """The provider that ``request`` asks for a text, if it asks one: a prompt needs a model."""
    return None if request.prompt is None else model_for(request, Capability.TEXT, installed)


def image_provider_of(request: Request, installed: Installed) -> ModelProvider[Any] | None:
    """The provider that ``request`` asks for an image, if it asks one."""
    return None if request.prompt is None else model_for(request, Capability.IMAGE, installed)


def model_for(
    request: Request, capability: Capability, installed: Installed
) -> ModelProvider[Any] | None:
    """The provider whose limits a request keeps to that may ask a model.

    Raises:
        ValueError: there is no such provider, or it cannot do this.
    """
    provider = choose(request, capability, installed)
    return provider if provider.is_model else None


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
