"""A server on this machine that answers as it is told, and sees who goes."""

import asyncio
from collections import deque
from collections.abc import Callable

from penstock_ai.testing.replies import Answer, Reply, Request
from penstock_ai.testing.request_server import RequestServer


class WireServer(RequestServer):
    """Speaks HTTP in a thread of its own, on a free port of 127.0.0.1; a context manager.

    Args:
        answer: what it answers to a request in a situation; ``None`` hangs up without a word.

    Attributes:
        url: where it is, without a path.
        requests: what came, in order.
    """

    def __init__(self, answer: Callable[[Reply, Request], Answer | None]) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self._answer = answer
        self._next: deque[Reply] = deque()
        self._is_gone = False

    def next(self, *replies: Reply) -> None:
        """Answer the next requests so; all later ones are :attr:`Reply.OK`."""
        self._next.extend(replies)

    def wait_until_gone(self, *, timeout: float = 10) -> None:
        """Block until a client has gone before its answer had ended.

        Raises:
            TimeoutError: none did.
        """
        if not self._holds(lambda: self._is_gone, within=timeout):
            raise TimeoutError(f"no connection was closed within {timeout:g} seconds")

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """See :class:`RequestServer`."""
        self.requests.append(request)
        answer = self._answer(self._next.popleft() if self._next else Reply.OK, request)
        if answer is None:
            writer.transport.abort()
            return
        try:
            await _send(answer, writer)
        except (asyncio.CancelledError, ConnectionError):
            self._note(self._lose_client)
            raise

    def _lose_client(self) -> None:
        self._is_gone = True


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
