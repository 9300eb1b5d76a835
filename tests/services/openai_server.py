"""A local HTTP server that speaks the OpenAI wire protocol, for tests of what talks to one.

There is no model in it: it is a double at the wire, its answers say so, and echo the prompt. What
it does with a request is scripted, by name (see ``REPLIES``):

- ``server.next("error_500", times=2)`` for the next two POSTs,
- ``server.always("ok", delay=0.5)`` for those that nothing else is scripted for,
- ``"[wire: rate_limited retry_after=2]"`` in a prompt, for a test that cannot know which request
  comes next. Several markers are played one after the other to requests with that very prompt;
  then it is answered as any other. ``times=2`` plays one twice.
"""

import asyncio
import base64
import functools
import io
import itertools
import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, Literal, Self
from urllib.parse import urlsplit

NOTICE = "[wire double, no model] you sent:"
MODEL_PREFIX = "wire-double:"
INPUT_TOKENS, OUTPUT_TOKENS = 7, 11
_MARKER = re.compile(r"\[wire:\s*(\w+)((?:\s+\w+=\S+?)*)\s*\]")
_LARGEST_SIDE = 4096
_START_TIMEOUT = 10.0
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server does with one request.

    Attributes:
        status: of the HTTP response; other than 200 the body is ``error``.
        error: the error object; in a stream with status 200, an event after ``cut_after`` chunks.
        retry_after: the header, as it is sent; ``date:N`` sends the HTTP-date N seconds ahead.
        delay: seconds before the answer begins.
        pause: seconds before each chunk of text but the first.
        text: what is said instead of the notice and the prompt.
        refusal: said as the message's ``refusal``, instead of any text.
        finish_reason: the last chunk's; ``None`` is as if the stream had been cut before.
        usage: whether token counts are sent, if they are asked for.
        choices: whether there are any.
        cut_after: how many chunks of text are sent before the stream ends; of an image, half.
        ending: how a cut stream, or one without a finish reason, ends: as HTTP says, or not.
        piece: into so many bytes each event is cut, one HTTP chunk each, also inside a character.
        raw: the whole body, instead of anything above.
        headers: more of them.
        hang: never answer.
        drop: close the connection instead of an answer.
        picture: what the image endpoint sends: the image, or what is wrong with it.
    """

    status: int = 200
    error: dict[str, Any] | None = None
    retry_after: str | None = None
    delay: float = 0.0
    pause: float = 0.0
    text: str | None = None
    refusal: str | None = None
    finish_reason: str | None = "stop"
    usage: bool = True
    choices: bool = True
    cut_after: int | None = None
    ending: Literal["clean", "abrupt"] = "clean"
    piece: int | None = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    picture: Literal["png", "junk", "bad_base64", "url", "empty"] = "png"


def _failure(status: int, message: str, kind: str, code: str | None = None) -> Reply:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Reply(status=status, error=error)


_OVERLOADED = {"message": "The server is overloaded", "type": "server_error", "code": None}
_POLICY = "content_policy_violation"

REPLIES: dict[str, Reply] = {
    "ok": Reply(),
    "no_usage": Reply(usage=False),
    "rate_limited": _failure(429, "Rate limit reached", "requests", "rate_limit_exceeded"),
    "insufficient_quota": _failure(
        429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"
    ),
    "payment_required": _failure(402, "Insufficient credits", "billing"),
    "timeout_408": _failure(408, "Request timed out", "server_error"),
    "conflict_409": _failure(409, "Try again", "server_error"),
    "error_500": _failure(500, "The server had an error", "server_error"),
    "unavailable_503": _failure(503, "The engine is starting", "server_error"),
    "overloaded_529": _failure(529, "Overloaded", "overloaded_error"),
    "bad_request": _failure(400, "Unsupported parameter", "invalid_request_error", "unsupported"),
    "unauthorized": _failure(
        401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"
    ),
    "model_not_found": _failure(
        404, "The model does not exist", "invalid_request_error", "model_not_found"
    ),
    "content_policy": _failure(
        400, "Rejected by the safety system", "invalid_request_error", _POLICY
    ),
    "content_filter": Reply(finish_reason="content_filter"),
    "length": Reply(finish_reason="length"),
    "refusal": Reply(refusal="I cannot help with that."),
    "cut": Reply(cut_after=2),
    "cut_abruptly": Reply(cut_after=2, ending="abrupt"),
    "cut_at_once": Reply(cut_after=0, ending="abrupt"),
    "error_event": Reply(cut_after=2, error=_OVERLOADED),
    "policy_event": Reply(
        cut_after=2, error={"message": "Filtered", "type": "invalid_request_error", "code": _POLICY}
    ),
    "garbage": Reply(raw=b"data: {not json\n\n"),
    "no_json": Reply(raw=b"<html>It works!</html>", headers={"content-type": "text/html"}),
    "wrong_shape": Reply(raw=b'data: {"choices": 5}\n\n'),
    "hang": Reply(hang=True),
    "drop": Reply(drop=True),
    "empty_choices": Reply(choices=False),
    "redirect": Reply(status=307, headers={"location": "/v1/elsewhere"}),
    "not_an_image": Reply(picture="junk"),
    "not_base64": Reply(picture="bad_base64"),
    "url_only": Reply(picture="url"),
    "no_data": Reply(picture="empty"),
}


@dataclass(kw_only=True)
class ReceivedRequest:
    """One request, as it came. Times are of ``time.monotonic``.

    Attributes:
        headers: with names in lower case.
        body: the JSON; ``None`` without a body.
        ended: when the answer had been sent, or the client had gone; ``None`` until then.
        disconnected: whether the client went before the answer had ended.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    started: float
    ended: float | None = None
    disconnected: bool = False

    @property
    def prompt(self) -> str:
        """The text of what was asked for, of either endpoint."""
        body = self.body if isinstance(self.body, dict) else {}
        messages = body.get("messages") or [{"content": body.get("prompt", "")}]
        return str(messages[-1].get("content", ""))


class OpenAiServer:
    """The server, in a thread of its own, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self._always = REPLIES["ok"]
        self._next: deque[Reply] = deque()
        self._played: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._port: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="openai-server")

    def __enter__(self) -> Self:
        self._thread.start()
        self._port.result(_START_TIMEOUT)
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def base_url(self) -> str:
        """As in ``OPENAI_BASE_URL``."""
        return f"http://127.0.0.1:{self._port.result(0)}/v1"

    # -- the script --------------------------------------------------------------------------

    def next(self, name: str, *, times: int = 1, **overrides: Any) -> None:
        """Answer the next POSTs so, after those that are scripted already."""
        self._next.extend([replace(REPLIES[name], **overrides)] * times)

    def always(self, name: str, **overrides: Any) -> None:
        """Answer so whatever has no other script."""
        self._always = replace(REPLIES[name], **overrides)

    # -- what came ---------------------------------------------------------------------------

    @property
    def posts(self) -> list[ReceivedRequest]:
        """Those that a provider would charge for."""
        return [request for request in self.requests if request.method == "POST"]

    def posts_of(self, word: str) -> list[ReceivedRequest]:
        """Those with ``word`` in their prompt."""
        return [request for request in self.posts if word in request.prompt]

    def wait_until(self, condition: Callable[[], bool], *, timeout: float = 10) -> None:
        """Block until ``condition`` holds; it is asked again whenever a request begins or ends.

        Raises:
            TimeoutError: it did not in time.
        """
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"waited {timeout} s; received so far: {self.requests}")

    def most_at_once(self) -> int:
        """The largest number of requests that were open at one time."""
        now = time.monotonic()
        steps = [(request.started, 1) for request in self.requests]
        steps += [(request.ended or now, -1) for request in self.requests]
        return max(itertools.accumulate(step for _, step in sorted(steps)), default=0)

    # -- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # Not the server's own tasks: those of a hanging reply would outlive it.
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connection(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._port.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, then the connection is closed: so the end of its input is a disconnect."""
        try:
            request = await _read_request(reader)
            if request is None:
                return
            self._note(lambda: self.requests.append(request))
            answering = asyncio.ensure_future(self._answer(request, writer))
            gone = asyncio.ensure_future(_until_gone(reader))
            try:
                await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
                request.disconnected = not answering.done()
            finally:
                for task in (answering, gone):
                    task.cancel()
                results = await asyncio.gather(answering, gone, return_exceptions=True)
                lost = isinstance(results[0], ConnectionError)
                request.disconnected |= lost
                self._note(functools.partial(setattr, request, "ended", time.monotonic()))
            if isinstance(results[0], Exception) and not lost:
                raise results[0]  # a fault of this server or of the script: asyncio logs it
        finally:
            writer.close()

    def _note(self, change: Callable[[], object]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    # -- answers -----------------------------------------------------------------------------

    async def _answer(self, request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        endpoints: dict[tuple[str, str], _Endpoint] = {
            ("POST", "/v1/chat/completions"): _chat,
            ("POST", "/v1/images/generations"): _image,
            ("GET", "/v1/models"): _models,
        }
        endpoint = endpoints.get((request.method, request.path))
        response = _Response(writer)
        if endpoint is None:
            await response.json({"error": {"message": f"no {request.path}"}}, status=404)
            return
        reply = self._reply_to(request) if request.method == "POST" else REPLIES["ok"]
        if reply.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(reply.delay)
        if reply.drop:
            await response.hang_up()
            return
        headers = dict(reply.headers)
        if reply.retry_after is not None:
            headers["retry-after"] = _retry_after(reply.retry_after)
        if reply.raw is not None:
            await response.whole(reply.raw, headers={"content-type": "text/event-stream"} | headers)
        elif reply.status != 200:
            await response.json({"error": reply.error}, status=reply.status, headers=headers)
        else:
            await endpoint(request, reply, response)

    def _reply_to(self, request: ReceivedRequest) -> Reply:
        steps = _markers(request.prompt)
        step = self._played[request.prompt]
        if step < len(steps):
            self._played[request.prompt] += 1
            return steps[step]
        return self._next.popleft() if self._next else self._always


class _Response:
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


_Endpoint = Callable[[ReceivedRequest, Reply, _Response], Coroutine[Any, Any, None]]


async def _chat(request: ReceivedRequest, reply: Reply, response: _Response) -> None:
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


async def _stream(request: ReceivedRequest, reply: Reply, response: _Response, text: str) -> None:
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


async def _image(request: ReceivedRequest, reply: Reply, response: _Response) -> None:
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


async def _models(
    request: ReceivedRequest,
    reply: Reply,
    response: _Response,
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


async def _read_request(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    """The next request, or ``None`` if the client went away or speaks something else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        return ReceivedRequest(
            method=method,
            path=urlsplit(target).path,  # a proxy is sent the whole address
            headers=headers,
            body=json.loads(content) if content else None,
            started=time.monotonic(),
        )
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return None


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


def _markers(prompt: str) -> list[Reply]:
    kinds = {"delay": float, "pause": float, "retry_after": str}
    replies: list[Reply] = []
    for name, options in _MARKER.findall(prompt):
        values = dict(option.split("=", 1) for option in options.split())
        times = int(values.pop("times", "1"))
        overrides: dict[str, Any] = {key: kinds[key](value) for key, value in values.items()}
        replies += [replace(REPLIES[name], **overrides)] * times
    return replies


def _retry_after(value: str) -> str:
    ahead = value.removeprefix("date:")
    return value if ahead == value else formatdate(time.time() + float(ahead), usegmt=True)
