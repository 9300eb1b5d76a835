"""An HTTP server in a thread of its own, which sees who goes before the answer has ended."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self
from urllib.parse import urlsplit

import msgspec

from penstock_ai.testing.replies import Request

_START_SECONDS = 10.0


class RequestServer:
    """Takes one request a connection, on a free port of 127.0.0.1; a context manager.

    Attributes:
        url: where it is, without a path.
    """

    def __init__(self) -> None:
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

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer; cancelled if the client goes. The connection is closed afterwards."""
        raise NotImplementedError

    def _note(self, change: Callable[[], object]) -> None:
        """Change what :meth:`_holds` asks about."""
        with self._changed:
            change()
            self._changed.notify_all()

    def _holds(self, condition: Callable[[], bool], *, within: float) -> bool:
        """Block until ``condition`` holds, or for so many seconds.

        It is asked again after each :meth:`_note`.
        """
        with self._changed:
            return self._changed.wait_for(condition, within)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # Not the server's own tasks: those of a hanging answer would outlive it.
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
        """One request, then it is closed: so the end of its input is a client that goes."""
        try:
            request = await _read(reader)
            if request is None:
                return
            responding = asyncio.ensure_future(self._respond(request, writer))
            going = asyncio.ensure_future(_until_gone(reader))
            try:
                await asyncio.wait({responding, going}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (responding, going):
                    task.cancel()
                result, _ = await asyncio.gather(responding, going, return_exceptions=True)
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                raise result  # a fault of this server or of the test: asyncio logs it
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The request, or ``None`` if the client went away or speaks something else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(
            method=method,
            path=urlsplit(target).path,  # a proxy is sent the whole address
            headers=headers,
            body=msgspec.json.decode(body) if body else None,
        )
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return None


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass
