"""Calls that cost money, seen without a word of the plugin's author.

Counted are HTTP requests other than GET, HEAD and OPTIONS: those of httpx (and of the libraries of
providers, which are built on it) and of ``http.client`` (and so of requests and urllib3); and the
units that a handler charges. What is paid in another way, the author counts in one line.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

_FREE = {"GET", "HEAD", "OPTIONS"}


@dataclass(kw_only=True)
class PaidCalls:
    """What was paid for: requests, what the author counts, and units."""

    requests: Counter[str] = field(default_factory=Counter)
    counted_by_author: int = 0
    charged: int = 0
    _open: ClassVar[list[PaidCalls]] = []
    _is_audited: ClassVar[bool] = False

    @classmethod
    @contextmanager
    def counted(cls, by_author: Callable[[], int]) -> Iterator[PaidCalls]:
        """Count what this process calls in this block."""
        calls = cls()
        before = by_author()
        cls._watch()
        # Those who count within a count are told by the same watch.
        watch = nullcontext() if cls._open else _httpx_watched(cls._note)
        cls._open.append(calls)
        try:
            with watch:
                yield calls
        finally:
            cls._open.remove(calls)
            calls.counted_by_author = by_author() - before

    def beyond(self, once: PaidCalls) -> list[str]:
        """What is more here than in ``once``, in words."""
        more = [
            f"{name} was sent {times} times instead of {once.requests[name]}"
            for name, times in self.requests.items()
            if times > once.requests[name]
        ]
        if self.counted_by_author > once.counted_by_author:
            more.append(
                f"paid_calls() counted {self.counted_by_author} instead of {once.counted_by_author}"
            )
        if self.charged > once.charged:
            more.append(f"{self.charged} units were charged instead of {once.charged}")
        return more

    @classmethod
    def _watch(cls) -> None:
        # Such a hook stays for the life of the process; it costs little where nobody counts.
        if not cls._is_audited:
            cls._is_audited = True
            sys.addaudithook(cls._audit)

    @classmethod
    def _audit(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "http.client.send" or not cls._open:
            return
        connection, data = arguments[:2]
        if not isinstance(data, bytes):
            return
        line = data.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(line) == 3 and line[2].startswith("HTTP/"):  # noqa: PLR2004  (method, path, version)
            cls._note(line[0], f"http://{connection.host}:{connection.port}{line[1]}")

    @classmethod
    def _note(cls, method: str, url: str) -> None:
        if method.upper() not in _FREE:
            for each in cls._open:
                each.requests[f"{method} {url}"] += 1


@contextmanager
def _httpx_watched(note: Callable[[str, str], None]) -> Iterator[None]:
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    def watched(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        note(request.method, str(request.url))
        return send(client, request, **options)

    async def watched_async(
        client: httpx.AsyncClient, request: httpx.Request, **options: Any
    ) -> httpx.Response:
        note(request.method, str(request.url))
        return await send_async(client, request, **options)

    vars_of: Any = httpx
    vars_of.Client.send, vars_of.AsyncClient.send = watched, watched_async
    try:
        yield
    finally:
        vars_of.Client.send, vars_of.AsyncClient.send = send, send_async
