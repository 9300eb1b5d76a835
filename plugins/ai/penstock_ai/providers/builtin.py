"""The provider that is always there, and says what it cannot do."""

from typing import NoReturn

from penstock import PermanentError
from penstock_ai.provenance import BUILTIN, BUILTIN_LABEL
from penstock_ai.providers.provider import Completion, OnText, Picture, PicturePrompt, Prompt


class BuiltinProvider:
    """Answers no prompt: there is no model in it, and nothing here imitates one.

    What can be done without a model (templates, extractive summaries, cards, charts, code from a
    JSON Schema) is done by the task types themselves.

    Args:
        instead: what to send to the task type at hand that needs no model.
    """

    name = BUILTIN
    label = BUILTIN_LABEL
    is_model = False

    def __init__(self, *, instead: str) -> None:
        self._instead = instead

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:  # noqa: ARG002 - the protocol's parameters
        """Refuse.

        Raises:
            PermanentError: code ``capability_unavailable``, with the remedy.
        """
        self._refuse("write from a prompt", "TEXT")

    async def draw(self, prompt: PicturePrompt) -> Picture:  # noqa: ARG002 - the protocol's parameters
        """Refuse.

        Raises:
            PermanentError: code ``capability_unavailable``, with the remedy.
        """
        self._refuse("draw from a prompt", "IMAGE")

    def _refuse(self, what: str, model: str) -> NoReturn:
        message = (
            f"expected a provider that can {what}, got {BUILTIN!r} ({BUILTIN_LABEL}); send "
            f"{self._instead}, which needs no model, or have the operator set "
            f"PENSTOCK_AI_OPENAI_{model}_MODEL, and OPENAI_API_KEY, or OPENAI_BASE_URL for a "
            "server of your own such as vLLM or Ollama, in the environment or in .env.local, and "
            "start the worker again"
        )
        raise PermanentError(message, code="capability_unavailable")
