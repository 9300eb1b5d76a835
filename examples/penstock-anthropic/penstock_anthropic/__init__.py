"""A provider of models as a plugin: once it is installed, every ai task can ask Anthropic's."""

from typing import Annotated

import msgspec

from penstock import Provider, Secret, hookimpl
from penstock_ai import ModelClient, ModelProvider

ApiKey = Annotated[
    Secret | None,
    msgspec.Meta(
        description="The key of the Anthropic API.", extra={"variable": "ANTHROPIC_API_KEY"}
    ),
]


class AnthropicSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator sets: ``ANTHROPIC_API_KEY``, ``PENSTOCK_ANTHROPIC_TEXT_MODEL``."""

    api_key: ApiKey = None
    base_url: str = "https://api.anthropic.com"
    text_model: str | None = None


def _connect(settings: AnthropicSettings) -> ModelClient:
    from penstock_anthropic.client import AnthropicClient

    return AnthropicClient(settings)


ANTHROPIC = ModelProvider(
    "anthropic",
    label="Anthropic",
    settings=AnthropicSettings,
    connect=_connect,
    is_configured=lambda settings: settings.api_key is not None,
    setup="set ANTHROPIC_API_KEY and PENSTOCK_ANTHROPIC_TEXT_MODEL",
    text_model=lambda settings: settings.text_model,
)


@hookimpl
def penstock_providers() -> list[Provider]:
    return [ANTHROPIC]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    return [AnthropicSettings]
