"""Which provider answers a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from penstock import PermanentError
from penstock_ai.providers.builtin import BuiltinProvider
from penstock_ai.providers.provider import Provider
from penstock_ai.settings import AiSettings

ProviderName = Literal["openai", "builtin"]


def is_configured(settings: AiSettings) -> bool:
    """Whether the operator has set a key or an address of the OpenAI protocol."""
    return bool(settings.openai_api_key or settings.openai_base_url)


@asynccontextmanager
async def choose_provider(
    wanted: ProviderName | None, settings: AiSettings, *, instead: str
) -> AsyncIterator[Provider]:
    """The provider that was asked for, open for as long as the context is.

    Without a wish it is ``openai`` if that is configured, and ``builtin`` if not.

    Args:
        wanted: what the request names.
        settings: the operator's.
        instead: what to send to the task type at hand that needs no model.

    Raises:
        PermanentError: code ``capability_unavailable``: it was asked for and is not configured,
            or its library is not installed; the message names the remedy.
    """
    if wanted == "builtin" or (wanted is None and not is_configured(settings)):
        yield BuiltinProvider(instead=instead)
        return
    if not is_configured(settings):
        message = (
            "expected provider 'openai' to be configured, got neither OPENAI_API_KEY nor "
            f"OPENAI_BASE_URL; set one of them, or send {instead}, which needs no model"
        )
        raise PermanentError(message, code="capability_unavailable")
    try:
        from penstock_ai.providers.openai import OpenAiProvider
    except ImportError as error:
        message = (
            f"provider 'openai' cannot be imported ({error}); "
            "install its library: pip install 'penstock-ai[openai]'"
        )
        raise PermanentError(message, code="capability_unavailable") from error
    async with OpenAiProvider(settings) as provider:
        yield provider
