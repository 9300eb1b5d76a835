"""What speaks to Anthropic, by its official SDK."""

import anthropic
import httpx2
from anthropic import omit

from penstock import TaskError
from penstock_ai import (
    Completion,
    IncompleteOutputError,
    ModelClient,
    OnText,
    Prompt,
    Usage,
    content_policy,
    http_failure,
    unreachable,
)
from penstock_anthropic import AnthropicSettings

MOST_TOKENS = 8192
"""Of an answer whose length nobody asked for; the API wants a number."""
# What an error in the middle of a stream, which has the status 200, would have had before it.
_STATUS = {"rate_limit_error": 429, "overloaded_error": 529, "invalid_request_error": 400}


class AnthropicClient(ModelClient):
    """Writes texts by the Messages endpoint."""

    def __init__(self, settings: AnthropicSettings) -> None:
        self._key = settings.api_key
        self._client = anthropic.AsyncAnthropic(
            api_key=settings.api_key, base_url=settings.base_url, max_retries=0, timeout=None
        )

    async def close(self) -> None:
        await self._client.close()

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        text = ""
        async with self._client.messages.stream(
            model=str(prompt.model),
            max_tokens=prompt.max_output_tokens or MOST_TOKENS,
            messages=[{"role": "user", "content": prompt.text}],
            system=prompt.system or omit,
            # The SDK has no word for it any more: the model says whether it takes one.
            extra_body=None if prompt.temperature is None else {"temperature": prompt.temperature},
        ) as stream:
            async for piece in stream.text_stream:
                text += piece
                await on_text(text)
            message = await stream.get_final_message()
        if message.stop_reason is None:
            raise IncompleteOutputError("Anthropic ended its answer too early", partial=text)
        if message.stop_reason == "refusal":
            raise content_policy("Anthropic", text or "the model refused")
        return Completion(
            text=text,
            model=message.model,
            usage=Usage(
                input_tokens=message.usage.input_tokens, output_tokens=message.usage.output_tokens
            ),
            is_truncated=message.stop_reason in {"max_tokens", "model_context_window_exceeded"},
        )

    def task_error(self, error: Exception) -> TaskError | None:
        # Of a body, the SDK lets the errors of its HTTP library pass.
        if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError):
            return unreachable("Anthropic")
        if not isinstance(error, anthropic.APIStatusError):
            return None
        status = error.status_code
        if error.response.is_success:
            status = _STATUS.get(str(error.type), 500)
        return http_failure(
            "Anthropic", status, error.message, headers=error.response.headers, hidden=self._key
        )
