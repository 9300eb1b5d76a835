"""What a pooler like PgBouncer says to a client's settings; behind it is PostgreSQL itself.

It pools nothing: each client has a session to itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SSL_REQUEST = (80877103).to_bytes(4)
_CHUNK = 65536


@asynccontextmanager
async def strict_pooler(port: int, *, refused: str) -> AsyncIterator[int]:
    """A port at which PostgreSQL, at ``port``, takes no startup parameter ``refused``."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        startup = await _message(reader)
        if startup == _SSL_REQUEST:
            writer.write(b"N")
            startup = await _message(reader)
        if refused.encode() in startup.split(b"\0"):
            writer.write(_refusal(f"unsupported startup parameter: {refused}"))
            writer.close()
            return
        upstream, behind = await asyncio.open_connection("127.0.0.1", port)
        behind.write((len(startup) + 4).to_bytes(4) + startup)
        await asyncio.gather(_pass_on(reader, behind), _pass_on(upstream, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _message(reader: asyncio.StreamReader) -> bytes:
    length = int.from_bytes(await reader.readexactly(4))
    return await reader.readexactly(length - 4)


def _refusal(message: str) -> bytes:
    fields = b"".join(
        kind + value.encode() + b"\0"
        for kind, value in ((b"S", "FATAL"), (b"C", "08P01"), (b"M", message))
    )
    return b"E" + (len(fields) + 5).to_bytes(4) + fields + b"\0"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
