"""A TCP proxy with a bad day, as a program of its own.

Run as ``python proxy_program.py PORT UPSTREAM_PORT``. It reads orders from standard input, one JSON
object a line, with what shall hold from now on (see `Link`; ``{"cut": true}`` closes every
connection), and answers each with a line once it holds. It ends with its input.

In the tests' own process it would stand still whenever they compute, for everybody at once.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace

_CHUNK = 65536


@dataclass(frozen=True, kw_only=True)
class Link:
    """How well the line works."""

    delay: float = 0.0
    """Seconds that each chunk is under way, in each direction."""
    bandwidth: float | None = None
    """Bytes per second in each direction."""
    stalled: bool = False
    """Nothing arrives; connections stay open."""
    refusing: bool = False
    """New connections are closed at once."""


@dataclass
class Proxy:
    """Forwards between callers and the port behind it."""

    upstream: int
    link: Link = field(default_factory=Link)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def order(self, change: dict[str, object]) -> None:
        if change.pop("cut", False):
            for writer in list(self.writers):
                writer.transport.abort()
        self.link = replace(self.link, **change)  # type: ignore[arg-type]
        if self.link.stalled:
            self.flowing.clear()
        else:
            self.flowing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.link.refusing:
            writer.transport.abort()
            return
        try:
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            # What a caller of a server that is down sees.
            writer.transport.abort()
            return
        pair = {writer, behind}
        self.writers |= pair
        try:
            await asyncio.gather(self.pump(reader, behind), self.pump(behind_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.writers -= pair
            for each in pair:
                each.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            seconds = self.link.delay
            if self.link.bandwidth is not None:
                seconds += len(data) / self.link.bandwidth
            if seconds:
                await asyncio.sleep(seconds)
            if not self.flowing.is_set():
                await self.flowing.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def main() -> None:
    port, upstream = map(int, sys.argv[1:])
    proxy = Proxy(upstream)
    proxy.flowing.set()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", port)
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async for line in orders:
        proxy.order(json.loads(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()
    server.close()
    proxy.order({"cut": True})


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
