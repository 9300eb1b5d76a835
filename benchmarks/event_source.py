"""A client of server-sent events with nothing between it and its socket, for thousands of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit


@dataclass(frozen=True)
class SentEvent:
    id: str | None
    kind: str
    data: bytes


class EventSource:
    """One connection to ``url``; ``last_id`` and ``retry`` are what a browser would remember."""

    def __init__(self, url: str, *, key: str, last_id: str | None = None) -> None:
        self._url = urlsplit(url)
        self._key = key
        self.last_id = last_id
        self.status = 0
        self.headers: dict[str, str] = {}
        self._writer: asyncio.StreamWriter | None = None

    async def events(self) -> AsyncGenerator[SentEvent, None]:
        """The events until the server ends; comments are events of kind ''.

        Raises:
            ConnectionError: the connection was lost before that.
        """
        async for blocks in self.blocks():
            for block in blocks.split(b"\n\n"):
                event = _event(block)
                if event is not None:
                    self.last_id = event.id or self.last_id
                    yield event

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Some events at once, as they were sent; ``last_id`` is left to the caller.

        Raises:
            ConnectionError: the connection was lost before the server ended.
        """
        reader, self._writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        try:
            self._writer.write(self._request())
            await self._read_head(reader)
            text = b""
            while chunk := await self._chunk(reader):
                text += chunk
                blocks, end, text = text.rpartition(b"\n\n")
                if end:
                    yield blocks
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("the connection was lost") from error
        finally:
            self.cut()

    def cut(self) -> None:
        """Lose the connection, as networks do."""
        if self._writer is not None:
            self._writer.transport.abort()

    def _request(self) -> bytes:
        lines = [
            f"GET {self._url.path} HTTP/1.1",
            f"Host: {self._url.netloc}",
            f"Authorization: Bearer {self._key}",
            "Accept: text/event-stream",
        ]
        if self.last_id is not None:
            lines.append(f"Last-Event-ID: {self.last_id}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def _read_head(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        pairs = (line.partition(": ") for line in head[1:] if line)
        self.headers = {name.lower(): value for name, _, value in pairs}
        if self.status != HTTPStatus.OK:
            raise ValueError(f"expected 200, got {head[0]}")

    async def _chunk(self, reader: asyncio.StreamReader) -> bytes:
        size = int((await reader.readuntil(b"\r\n")).strip(), 16)
        data = await reader.readexactly(size + 2)
        return data[:-2]


def _event(block: bytes) -> SentEvent | None:
    """An event, a comment, or nothing of interest."""
    fields: dict[str, list[bytes]] = {}
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        fields.setdefault(name.decode(), []).append(value.removeprefix(b" "))
    if "event" in fields:
        found = fields.get("id")
        return SentEvent(
            found[0].decode() if found else None,
            fields["event"][0].decode(),
            b"\n".join(fields["data"]),
        )
    return SentEvent(None, "", b"") if "" in fields else None
