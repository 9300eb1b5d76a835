"""A provider of AI models: once this is installed, every ai task of Penstock can ask it."""

import msgspec
from penstock import Provider, hookimpl
from penstock_ai import ModelClient, ModelProvider

from penstock_seedling.settings import SeedlingSettings


def _connect(settings: SeedlingSettings) -> ModelClient:
    # Here, and not at the top: the API imports this module too, and asks no model.
    from penstock_seedling.client import SeedlingClient

    return SeedlingClient(settings)


SEEDLING = ModelProvider(
    "seedling",
    label="Seedling",
    settings=SeedlingSettings,
    connect=_connect,
    is_configured=lambda settings: settings.api_key is not None,
    setup="set PENSTOCK_SEEDLING_API_KEY and PENSTOCK_SEEDLING_TEXT_MODEL",
    text_model=lambda settings: settings.text_model,
)


@hookimpl
def penstock_providers() -> list[Provider]:
    """Who answers."""
    return [SEEDLING]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    """What an operator can set."""
    return [SeedlingSettings]
