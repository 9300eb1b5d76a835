"""What speaks to the API. Its protocol is made up: put the one of your provider in its place."""

import httpx
import msgspec
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

from penstock_seedling.settings import SeedlingSettings


class Line(msgspec.Struct, frozen=True):
    """One line of an answer: a piece of text, or how it ended."""

    text: str = ""
    end: str | None = None
    model: str | None = None
    usage: Usage | None = None


class SeedlingClient(ModelClient):
    """Asks by one POST, and reads the answer line by line while it is written."""

    def __init__(self, settings: SeedlingSettings) -> None:
        self._key = settings.api_key or ""
        self._http = httpx.AsyncClient(
            base_url=settings.base_url,
            headers={"authorization": f"Bearer {self._key}"},
            # The time of a call is limited around it, for all of it.
            timeout=None,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        """Have a text written."""
        text = ""
        async with self._http.stream("POST", "/v1/write", json=_asked(prompt)) as response:
            if response.is_error:
                await response.aread()
                response.raise_for_status()
            async for each in response.aiter_lines():
                line = msgspec.json.decode(each, type=Line)
                if line.end == "refused":
                    raise content_policy("Seedling", text or "the model refused")
                if line.end is not None:
                    is_truncated = line.end == "length"
                    return Completion(
                        text=text, model=line.model, usage=line.usage, is_truncated=is_truncated
                    )
                text += line.text
                await on_text(text)
        raise IncompleteOutputError("Seedling ended its answer too early", partial=text)

    def task_error(self, error: Exception) -> TaskError | None:
        """What an error of the HTTP library means for the task."""
        if isinstance(error, httpx.TransportError):
            return unreachable("Seedling")
        if isinstance(error, httpx.HTTPStatusError):
            answer = error.response
            return http_failure(
                "Seedling",
                answer.status_code,
                answer.text,
                headers=answer.headers,
                hidden=self._key,
            )
        return None


def _asked(prompt: Prompt) -> dict[str, object]:
    return {
        "model": prompt.model,
        "system": prompt.system,
        "prompt": prompt.text,
        "max_tokens": prompt.max_output_tokens,
        "temperature": prompt.temperature,
    }
