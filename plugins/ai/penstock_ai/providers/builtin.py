"""The provider that is always there, and says what it cannot do."""

from penstock_ai.provenance import BUILTIN, BUILTIN_LABEL
from penstock_ai.providers.client import ModelClient
from penstock_ai.providers.model_provider import ModelProvider
from penstock_ai.settings import AiSettings

BUILTIN_PROVIDER = ModelProvider(
    BUILTIN,
    label=BUILTIN_LABEL,
    settings=AiSettings,
    connect=lambda _: ModelClient(),
    is_configured=lambda _: True,
    setup="have the operator set PENSTOCK_AI_OPENAI_TEXT_MODEL or PENSTOCK_AI_OPENAI_IMAGE_MODEL, "
    "and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own such as vLLM or Ollama, in "
    "the environment or in .env.local, and start the worker again",
    is_model=False,
)
"""Answers no prompt: there is no model in it, and nothing here imitates one.

What can be done without a model (templates, extractive summaries, cards, charts, code from a
JSON Schema) is done by the task types themselves.
"""
