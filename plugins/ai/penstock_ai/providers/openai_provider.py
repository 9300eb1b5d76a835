"""The provider ``openai``: whatever speaks the OpenAI protocol."""

from penstock_ai.providers.client import ModelClient
from penstock_ai.providers.model_provider import ModelProvider
from penstock_ai.settings import AiSettings


def _connect(settings: AiSettings) -> ModelClient:
    from penstock_ai.providers.openai import OpenAiClient

    return OpenAiClient(settings)


OPENAI = ModelProvider(
    "openai",
    label="OpenAI",
    settings=AiSettings,
    connect=_connect,
    is_configured=lambda settings: bool(settings.openai_api_key or settings.openai_base_url),
    setup="set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, and "
    "PENSTOCK_AI_OPENAI_TEXT_MODEL or PENSTOCK_AI_OPENAI_IMAGE_MODEL, where workers run that have "
    "pip install 'penstock-ai[openai]'",
    text_model=lambda settings: settings.openai_text_model,
    image_model=lambda settings: settings.openai_image_model,
    timeout_seconds=lambda settings: settings.openai_timeout_seconds,
    timeout_variable="PENSTOCK_AI_OPENAI_TIMEOUT_SECONDS",
)
"""Its limits depend on the account: the operator sets them."""
