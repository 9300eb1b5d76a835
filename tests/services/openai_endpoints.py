"""The endpoints of the OpenAI protocol, by a server that has no model."""

import asyncio
import base64
import io
import json
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

from tests.services.openai_replies import Reply
from tests.services.openai_request import ReceivedRequest

NOTICE = "[wire double, no model] you sent:"
MODEL_PREFIX = "wire-double:"
INPUT_TOKENS, OUTPUT_TOKENS = 7, 11
_LARGEST_SIDE = 4096
_JSON = {"content-type": "application/json"}


class Response:
    """One HTTP response: whole, or in chunks."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def whole(
        self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self._head(status, {"content-length": str(len(body))} | (headers or {}))
        self._writer.write(body)
        await self._writer.drain()

    async def half(self, body: bytes) -> None:
        self._head(200, _JSON | {"content-length": str(len(body))})
        self._writer.write(body[: len(body) // 2])
        await self.hang_up()

    async def json(
        self, body: object, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        await self.whole(json.dumps(body).encode(), status=status, headers=_JSON | (headers or {}))

    def begin_stream(self) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})

    async def event(self, data: object, piece: int | None) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        event = f"data: {text}\n\n".encode()
        size = piece or len(event)
        for start in range(0, len(event), size):
            part = event[start : start + size]
            self._writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await self._writer.drain()

    async def end_stream(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def hang_up(self) -> None:
        # What was written is sent first: the point is a cut in the middle, not before it.
        self._writer.transport.set_write_buffer_limits(0)
        await self._writer.drain()
        self._writer.transport.abort()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} -", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())


Endpoint = Callable[[ReceivedRequest, Reply, Response], Coroutine[Any, Any, None]]


async def chat(request: ReceivedRequest, reply: Reply, response: Response) -> None:
    text = reply.text if reply.text is not None else f"{NOTICE} {request.prompt}"
    if request.body.get("stream"):
        await _stream(request, reply, response, text)
        return
    message = {"role": "assistant", "content": text, "refusal": None}
    if reply.refusal is not None:
        message |= {"content": None, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    body = _envelope(request, "chat.completion") | {"choices": [choice] if reply.choices else []}
    await response.json(body | ({"usage": _chat_usage()} if reply.usage else {}))


async def _stream(request: ReceivedRequest, reply: Reply, response: Response, text: str) -> None:
    said = "content" if reply.refusal is None else "refusal"
    words = re.findall(r"\s*\S+\s*", reply.refusal if reply.refusal is not None else text)
    envelope = _envelope(request, "chat.completion.chunk")

    async def send(delta: dict[str, Any], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        choices = [choice] if reply.choices else []
        await response.event(envelope | {"choices": choices}, reply.piece)

    response.begin_stream()
    await send({"role": "assistant", "content": ""})
    for number, word in enumerate(words[: reply.cut_after]):
        if number:
            await asyncio.sleep(reply.pause)
        await send({said: word})
    if reply.error is not None:
        await response.event({"error": reply.error}, reply.piece)
    if reply.cut_after is not None or reply.finish_reason is None:
        await (response.hang_up() if reply.ending == "abrupt" else response.end_stream())
        return
    await send({}, reply.finish_reason)
    if reply.usage and (request.body.get("stream_options") or {}).get("include_usage"):
        last = {"choices": [], "usage": _chat_usage()}
        await response.event(envelope | last, reply.piece)
    await response.event("[DONE]", reply.piece)
    await response.end_stream()


async def image(request: ReceivedRequest, reply: Reply, response: Response) -> None:
    prompt = request.prompt
    match reply.picture:
        case "png":
            png = await asyncio.to_thread(_png, request.body.get("size"), prompt)
            data = [{"b64_json": base64.b64encode(png).decode()}]
        case "junk":
            data = [{"b64_json": base64.b64encode(b"this is no image").decode()}]
        case "bad_base64":
            data = [{"b64_json": "no base64!"}]
        case "url":
            data = [{"url": "http://127.0.0.1:9/image.png"}]
        case "empty":
            data = []
    usage = {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS, "total_tokens": 18}
    body: dict[str, Any] = {"created": int(time.time()), "data": data}
    body |= {"usage": usage} if reply.usage else {}
    if reply.cut_after is None:
        await response.json(body)
    else:
        await response.half(json.dumps(body).encode())


async def models(
    request: ReceivedRequest,
    reply: Reply,
    response: Response,
) -> None:
    names = ("text", "image")
    models = [{"id": MODEL_PREFIX + name, "object": "model", "created": 0} for name in names]
    await response.json({"object": "list", "data": models})


def _envelope(request: ReceivedRequest, kind: str) -> dict[str, Any]:
    model = f"{MODEL_PREFIX}{request.body.get('model')}"
    return {"id": "chatcmpl-0", "object": kind, "created": int(time.time()), "model": model}


def _chat_usage() -> dict[str, int]:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


def _png(size: str | None, prompt: str) -> bytes:
    """A picture of the size that was asked for, which says that no model drew it."""
    from PIL import Image, ImageDraw

    asked = re.fullmatch(r"(\d+)x(\d+)", size or "")
    width, height = (int(asked[1]), int(asked[2])) if asked else (1024, 1024)
    image = Image.new("RGB", (min(width, _LARGEST_SIDE), min(height, _LARGEST_SIDE)), "#205070")
    words = f"{NOTICE}\n{prompt}".encode("ascii", "replace").decode()
    ImageDraw.Draw(image).text((8, 8), words, fill="white")
    png = io.BytesIO()
    image.save(png, "PNG")
    return png.getvalue()


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1/chat/completions"): chat,
    ("POST", "/v1/images/generations"): image,
    ("GET", "/v1/models"): models,
}
