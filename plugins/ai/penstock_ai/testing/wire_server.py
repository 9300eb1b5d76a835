"""A server on this machine that answers as it is told, and sees who goes."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

import msgspec

from penstock_ai.testing.replies import Answer, Reply, Request

_START_SECONDS = 10.0


class WireServer:
    """Speaks HTTP in a thread of its own, on a free port of 127.0.0.1; a context manager.

    Args:
        answer: what it answers to a request in a situation; ``None`` hangs up without a word.

    Attributes:
        url: where it is, without a path.
        requests: what came, in order.
    """

    def __init__(self, answer: Callable[[Reply, Request], Answer | None]) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self._next: deque[Reply] = deque()
        self._gone = 0
        self._changed = threading.Condition()
        self._port: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="wire")

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._port.result(_START_SECONDS)}"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def next(self, *replies: Reply) -> None:
        """Answer the next requests so; all later ones are :attr:`Reply.OK`."""
        self._next.extend(replies)

    def wait_until_gone(self, *, timeout: float = 10) -> None:
        """Block until a client has gone before its answer had ended.

        Raises:
            TimeoutError: none did.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._gone, timeout):
                raise TimeoutError(f"no connection was closed within {timeout:g} seconds")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
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
        """One request; then it is closed, so that the end of its input is a client that goes."""
        try:
            request = await _read(reader)
            self.requests.append(request)
            answer = self._answer(self._next.popleft() if self._next else Reply.OK, request)
            if answer is None:
                writer.transport.abort()
                return
            sending = asyncio.ensure_future(_send(answer, writer))
            going = asyncio.ensure_future(reader.read())
            await asyncio.wait({sending, going}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                with self._changed:
                    self._gone += 1
                    self._changed.notify_all()
            for task in (sending, going):
                task.cancel()
            await asyncio.gather(sending, going, return_exceptions=True)
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    length = int(headers.get("content-length", "0"))
    body = await reader.readexactly(length)
    method, path, _ = first.split(" ", 2)
    return Request(
        method=method,
        path=path,
        headers=headers,
        body=msgspec.json.decode(body) if body else None,
    )


async def _send(answer: Answer, writer: asyncio.StreamWriter) -> None:
    headers = {"connection": "close", "transfer-encoding": "chunked", **answer.headers}
    head = [f"HTTP/1.1 {answer.status} -", *(f"{name}: {headers[name]}" for name in headers)]
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    for part in answer.parts:
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()
        # One that is read together with the next has not arrived on its own.
        await asyncio.sleep(0.01)
    if answer.ending == "open":
        await asyncio.Event().wait()
    elif answer.ending == "abrupt":
        writer.transport.abort()
    else:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
