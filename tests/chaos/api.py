"""Calling the installation over HTTP, through all of its API processes at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.chaos.world import API_KEY

_TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one call; ``status`` is ``None`` if nothing did."""

    began: int
    ended: int
    status: int | None
    data: Mapping[str, Any]


class Api:
    """The API processes, each in its turn; an asynchronous context manager.

    Args:
        addresses: where they are.
        callers: how many call at once.
    """

    def __init__(self, addresses: Sequence[str], *, callers: int) -> None:
        self._clients = [
            httpx.AsyncClient(
                base_url=each,
                headers={"Authorization": f"Bearer {API_KEY}"},
                timeout=_TIMEOUT,
                trust_env=False,
                limits=httpx.Limits(max_keepalive_connections=callers),
            )
            for each in addresses
        ]
        self._turns = itertools.cycle(self._clients)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for each in self._clients:
            self._stack.push_async_callback(each.aclose)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """``POST`` there, once."""
        return await self._call("POST", path, body)

    async def get(self, path: str) -> Answer:
        """``GET`` it, once."""
        return await self._call("GET", path, None)

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        began = time.time_ns()
        status: int | None = None
        data: Mapping[str, Any] = {}
        try:
            answer = await next(self._turns).request(method, path, json=body)
        except httpx.TransportError:
            pass
        else:
            status = answer.status_code
            if answer.is_success:
                data = answer.json()["data"]
        return Answer(began=began, ended=time.time_ns(), status=status, data=data)
