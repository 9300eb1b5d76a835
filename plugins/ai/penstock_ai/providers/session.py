"""A provider's models, as a task uses them: what all providers have in common is done here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import msgspec

from penstock import PermanentError, TaskError, TransientError
from penstock_ai.providers.client import ModelClient
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import Completion, OnText, Picture, PicturePrompt, Prompt
from penstock_ai.providers.model_provider import Capability, ModelProvider
from penstock_ai.settings import MAX_TIMEOUT_SECONDS

_VERBS = {Capability.TEXT: "write from a prompt", Capability.IMAGE: "draw from a prompt"}


class ModelSession:
    """A provider that is open for one task: its model is chosen, its time and errors seen to.

    Whatever its client raises comes out as one of the errors in :class:`ModelClient`.

    Args:
        provider: whose models are asked.
        client: how.
        settings: the operator's.
        instead: what to send to the task type at hand that needs no model.
    """

    def __init__(
        self, provider: ModelProvider[Any], client: ModelClient, settings: Any, *, instead: str
    ) -> None:
        self.name = provider.name
        self.label = client.label or provider.label
        self.is_model = provider.is_model
        self._provider = provider
        self._client = client
        self._settings = settings
        self._instead = instead
        self._seconds = min(provider.timeout_seconds(settings), MAX_TIMEOUT_SECONDS)

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        """Have a text written.

        Raises:
            IncompleteOutputError: with what there was of it, if that is not all.
            TaskError: see the class.
        """
        wanted = msgspec.structs.replace(prompt, model=self._model(prompt.model, Capability.TEXT))
        heard = ""

        async def hear(text: str) -> None:
            nonlocal heard
            heard = text
            await on_text(text)

        try:
            async with asyncio.timeout(self._seconds) as clock:
                completion = await self._client.complete(wanted, hear)
        except Exception as error:
            failure = self._failure(error, is_late=clock.expired())
            if failure is None:
                raise
        else:
            self._check_length(prompt, completion)
            return completion
        if heard and isinstance(failure, TransientError):
            raise _cut(failure, heard)
        raise failure

    async def draw(self, prompt: PicturePrompt) -> Picture:
        """Have an image drawn.

        Raises:
            TaskError: see the class.
        """
        wanted = msgspec.structs.replace(prompt, model=self._model(prompt.model, Capability.IMAGE))
        try:
            async with asyncio.timeout(self._seconds) as clock:
                return await self._client.draw(wanted)
        except Exception as error:
            failure = self._failure(error, is_late=clock.expired())
            if failure is None:
                raise
        if failure.code == "provider_timeout" and clock.expired():
            message = (
                f"{failure} after the image had been asked for, so it may have been made and "
                "charged; retry if you want to pay again"
            )
            raise PermanentError(message, code="outcome_unknown")
        raise failure

    def _failure(self, error: Exception, *, is_late: bool) -> TaskError | None:
        if isinstance(error, TaskError):
            return error
        if isinstance(error, TimeoutError) and is_late:
            variable = self._provider.timeout_variable
            limit = f"{variable}={self._seconds:g}" if variable else f"{self._seconds:g} seconds"
            message = f"{self.label} did not finish within {limit}"
            return TransientError(message, code="provider_timeout")
        return self._client.task_error(error)

    def _model(self, wanted: str | None, capability: Capability) -> str:
        if capability not in self._provider.capabilities:
            self._refuse(capability)
        model = wanted or self._provider.configured_model(self._settings, capability)
        if model is None:
            message = (
                f"expected a model of provider {self.name!r} for {capability}, got none; "
                f"{self._provider.setup}, or name one in the task's 'model'"
            )
            raise PermanentError(message, code="capability_unavailable")
        return model

    def _refuse(self, capability: Capability) -> NoReturn:
        message = (
            f"expected a provider that can {_VERBS[capability]}, got {self.name!r} ({self.label}); "
            f"send {self._instead}, which needs no model, name another 'provider', or "
            f"{self._provider.setup}"
        )
        raise PermanentError(message, code="capability_unavailable")

    def _check_length(self, prompt: Prompt, completion: Completion) -> None:
        if not completion.is_truncated:
            return
        if prompt.max_output_tokens is None:
            message = (
                f"{self.label} cut the answer at the model's own limit; "
                "ask for less, or another model"
            )
            raise IncompleteOutputError(message, partial=completion.text)
        if not completion.text:
            message = (
                f"expected a text within max_output_tokens={prompt.max_output_tokens}, got none: "
                "the model spent them before its first word; raise it"
            )
            raise PermanentError(message, code="provider_refused")


def _cut(failure: TransientError, heard: str) -> IncompleteOutputError:
    if isinstance(failure, IncompleteOutputError):
        return failure
    message = f"the answer stopped in the middle: {failure}"
    return IncompleteOutputError(message, partial=heard, retry_after=failure.retry_after)


@asynccontextmanager
async def opened(
    provider: ModelProvider[Any], settings: Any, *, instead: str
) -> AsyncIterator[ModelSession]:
    """``provider``, open for as long as the context is.

    Args:
        provider: whose models are asked.
        settings: the operator's, of the type that it names.
        instead: what to send to the task type at hand that needs no model.

    Raises:
        PermanentError: code ``capability_unavailable``: it is not configured, or its library is
            not installed; the message names the remedy.
    """
    if not provider.is_configured(settings):
        message = (
            f"expected provider {provider.name!r} to be configured, which it is not; "
            f"{provider.setup}, or send {instead}, which needs no model"
        )
        raise PermanentError(message, code="capability_unavailable")
    try:
        client = provider.connect(settings)
    except ImportError as error:
        message = f"provider {provider.name!r} cannot be imported ({error}); {provider.setup}"
        raise PermanentError(message, code="capability_unavailable") from error
    async with client:
        yield ModelSession(provider, client, settings, instead=instead)
