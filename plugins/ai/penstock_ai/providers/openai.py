"""What speaks to OpenAI, and to every server that speaks its protocol."""

import asyncio
import base64
import binascii
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import httpx2
import openai
from openai import omit

from penstock import PermanentError, TaskError, TransientError
from penstock_ai.long_text import storable
from penstock_ai.providers.client import ModelClient
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import Completion, OnText, Picture, PicturePrompt, Prompt
from penstock_ai.providers.openai_address import Address
from penstock_ai.providers.openai_errors import OpenAiErrors, was_not_sent
from penstock_ai.providers.openai_wire import (
    Chunk,
    NotTheProtocolError,
    TokenCounts,
    read_chunk,
    read_images,
    usage_of,
)
from penstock_ai.settings import AiSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

_CONNECT_SECONDS = 10.0
_MAX_IMAGE_BYTES = 64 * 1024 * 1024
# The SDK wants a key; servers of one's own ignore it.
_NO_KEY = "none-needed"


class OpenAiClient(ModelClient):
    """Answers by the Chat Completions and Images endpoints, one POST a call.

    The SDK's retries are off, redirects are not followed, and its environment variables are not
    read: the settings say it all.

    An image is paid for once it is asked for. So a connection that is lost, or a time-out, after
    the request has left is a ``PermanentError`` with code ``outcome_unknown``: whoever asked
    decides whether to pay again. Texts are cheap, and tried again.

    Raises:
        PermanentError: ``capability_unavailable``: a setting that cannot be used.
    """

    def __init__(self, settings: AiSettings) -> None:
        self._server = Address(settings.openai_base_url)
        self.label = (
            "OpenAI" if self._server.is_openai else "server that speaks the OpenAI protocol"
        )
        key, seconds = settings.openai_api_key, settings.openai_timeout_seconds
        self._errors = OpenAiErrors(self._server, key)
        self._client = openai.AsyncOpenAI(
            api_key=_checked(key) if key else _NO_KEY,
            base_url=self._server.url,
            max_retries=0,
            # One clock for a whole call, around it: this one begins anew with every chunk.
            timeout=openai.Timeout(None, connect=min(_CONNECT_SECONDS, seconds / 2)),
            # The SDK would send the POST once more, to wherever it is told.
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )
        # What the SDK has from OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS; there
        # is no public way to refuse the last, which can replace the key.
        self._client.organization = self._client.project = None
        self._client._custom_headers = {}  # noqa: SLF001

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    def task_error(self, error: Exception) -> TaskError | None:
        """See :class:`~penstock_ai.providers.openai_errors.OpenAiErrors`."""
        if isinstance(error, NotTheProtocolError):
            message = f"expected {self._server} to speak the OpenAI protocol, got {error}"
            return TransientError(f"{message}; check OPENAI_BASE_URL", code="provider_unavailable")
        return self._errors.task_error(error) if isinstance(error, openai.APIError) else None

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        """Have a text written; see the class and the base for what is raised."""
        answer = _Answer()
        try:
            await self._stream(prompt, answer, on_text)
        except (openai.APIError, NotTheProtocolError):
            if answer.finish_reason is None:
                raise
        if answer.finish_reason is None:
            message = f"{self._server} ended its answer without saying that it is complete"
            raise IncompleteOutputError(message, partial=answer.text)
        # From here on it is whole: a failure after the end cost the usage at most.
        if answer.refusal or answer.finish_reason == "content_filter":
            raise self._errors.content_policy(answer.refusal or "content filter")
        if answer.finish_reason == "error":
            message = f"{self._server} ended its answer with an error"
            raise IncompleteOutputError(message, partial=answer.text)
        return Completion(
            text=storable(answer.text),
            model=answer.model,
            usage=usage_of(answer.counts),
            is_truncated=answer.finish_reason == "length",
        )

    async def draw(self, prompt: PicturePrompt) -> Picture:
        """Have an image drawn; see the class and the base for what is raised.

        The bytes are what the server sent, whatever they are. The model is the one that was asked
        for, where the answer names none.
        """
        assert prompt.model is not None  # noqa: S101 - as the base says
        body = await self._post_image(prompt.model, prompt.text, _size(prompt))
        # Megabytes of base64: not on the event loop.
        return await asyncio.to_thread(self._picture, body, prompt.model)

    # -- texts -------------------------------------------------------------------------------

    async def _stream(self, prompt: Prompt, answer: "_Answer", on_text: OnText) -> None:
        """Fill ``answer``."""
        assert prompt.model is not None  # noqa: S101 - as the base says
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": prompt.text}]
        if prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        bound = omit if prompt.max_output_tokens is None else prompt.max_output_tokens
        async with await self._client.chat.completions.create(
            model=prompt.model,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            temperature=omit if prompt.temperature is None else prompt.temperature,
            # OpenAI's newer models reject the old name; Ollama silently ignores the new.
            max_completion_tokens=bound if self._server.is_openai else omit,
            max_tokens=omit if self._server.is_openai else bound,
        ) as events:
            while (chunk := await _next(events)) is not None:
                if answer.add(chunk):
                    await on_text(answer.text)

    # -- images ------------------------------------------------------------------------------

    async def _post_image(self, model: str, prompt: str, size: str | None) -> bytes:
        try:
            async with (
                self._client.images.with_streaming_response.generate(
                    # Nothing that newer models reject, like response_format: base64 is their way.
                    model=model,
                    prompt=prompt,
                    size=omit if size is None else size,
                ) as response,
                aclosing(cast("AsyncGenerator[bytes]", response.iter_bytes())) as parts,
            ):
                body = bytearray()
                async for part in parts:
                    body += part
                    if len(body) > _MAX_IMAGE_BYTES:
                        raise self._no_image(f"more than {_MAX_IMAGE_BYTES:,} bytes")
                return bytes(body)
        except openai.APIConnectionError as error:
            if was_not_sent(error):
                raise
        except httpx2.RequestError:  # the SDK does not translate those of a body
            pass
        message = (
            f"the connection to {self._server} was lost after the image had been asked for, so it "
            "may have been made and charged; retry if you want to pay again"
        )
        raise PermanentError(message, code="outcome_unknown")

    def _picture(self, body: bytes, model: str) -> Picture:
        try:
            images = read_images(body)
        except NotTheProtocolError as error:
            raise self._no_image(f"no JSON of that endpoint ({error})") from None
        image = next(iter(images.data or ()), None)
        if image is None or image.b64_json is None:
            got = "only its address" if image is not None and image.url else "none"
            raise self._no_image(got)
        try:
            data = base64.b64decode(image.b64_json, validate=True)
        except binascii.Error:
            raise self._no_image("something that is no base64") from None
        return Picture(data=data, model=images.model or model, usage=usage_of(images.usage))

    def _no_image(self, got: str) -> PermanentError:
        message = f"expected {self._server} to answer with a base64 image, got {got}"
        remedy = "nothing is fetched from elsewhere; check the image model"
        return PermanentError(f"{message}; {remedy}", code="provider_refused")


class _Answer:
    """A text, as it arrives."""

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.model: str | None = None
        self.counts: TokenCounts | None = None
        self.finish_reason: str | None = None

    def add(self, chunk: Chunk) -> bool:
        """Take what is in it; says whether there was text."""
        self.model = chunk.model or self.model
        self.counts = chunk.usage or self.counts
        if not chunk.choices:
            return False
        choice = chunk.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        if choice.delta is None:
            return False
        self.refusal += choice.delta.refusal or ""
        self.text += choice.delta.content or ""
        return bool(choice.delta.content)


async def _next(events: "openai.AsyncStream[ChatCompletionChunk]") -> Chunk | None:
    try:
        event = await anext(events)
    except StopAsyncIteration:
        return None
    except ValueError as error:  # the SDK lets those of its JSON and UTF-8 decoders out
        raise NotTheProtocolError(f"an event that is no JSON ({type(error).__name__})") from None
    return read_chunk(event)


def _size(prompt: PicturePrompt) -> str | None:
    if prompt.width is None and prompt.height is None:
        return None
    if prompt.width is None or prompt.height is None:
        message = (
            "expected both a width and a height or neither, "
            f"got width={prompt.width}, height={prompt.height}; give both"
        )
        raise PermanentError(message, code="provider_refused")
    return f"{prompt.width}x{prompt.height}"


def _checked(key: str) -> str:
    # The HTTP library would refuse it too, with the key in its message.
    if not (key.isascii() and key.isprintable() and key.strip() == key):
        message = (
            "expected OPENAI_API_KEY to be printable ASCII without spaces around it, got something "
            "else; copy it again"
        )
        raise PermanentError(message, code="capability_unavailable")
    return key
