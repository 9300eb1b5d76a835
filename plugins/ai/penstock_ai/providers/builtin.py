"""The provider that is always there, and says what it cannot do."""

from typing import NoReturn

from penstock import PermanentError
from penstock_ai.provenance import BUILTIN, BUILTIN_LABEL
from penstock_ai.providers.provider import Completion, OnText, Picture, PicturePrompt, Prompt


class BuiltinProvider:
    """Answers no prompt: there is no model in it, and nothing here imitates one.

    What can be done without a model (templates, extractive summaries, cards, charts, code from a
    JSON Schema) is done by the task types themselves.
    """

    name = BUILTIN
    label = BUILTIN_LABEL
    is_model = False

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:  # noqa: ARG002 - the protocol's parameters
        """Refuse.

        Raises:
            PermanentError: code ``capability_unavailable``, with the remedy.
        """
        _refuse("write from a prompt", "TEXT")

    async def draw(self, prompt: PicturePrompt) -> Picture:  # noqa: ARG002 - the protocol's parameters
        """Refuse.

        Raises:
            PermanentError: code ``capability_unavailable``, with the remedy.
        """
        _refuse("draw from a prompt", "IMAGE")


def _refuse(what: str, model: str) -> NoReturn:
    message = (
        f"expected a provider that can {what}, got {BUILTIN!r} ({BUILTIN_LABEL}); set "
        "OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own such as Ollama, and "
        f"PENSTOCK_AI_OPENAI_{model}_MODEL; or send what needs no model: a template, a text to "
        "summarise, a card or chart, or a JSON Schema"
    )
    raise PermanentError(message, code="capability_unavailable")
