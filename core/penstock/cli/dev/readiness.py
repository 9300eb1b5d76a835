"""Waits for the API to report good health."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import httpx
import msgspec

_PAUSE = timedelta(milliseconds=100)


class _Problem(msgspec.Struct):
    detail: str = ""


async def healthy(url: str, say: Callable[[str], None]) -> None:
    """Return when ``GET /api/health`` answers 200; until then say what is missing, once each."""
    said = ""
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
        while True:
            try:
                answer = await http.get("/api/health")
            except httpx.TransportError:
                pass  # not listening yet
            else:
                if answer.status_code == HTTPStatus.OK:
                    return
                detail = _detail(answer)
                if detail != said:
                    said = detail
                    say(f"the API is up, but not healthy yet: {detail}")
            await asyncio.sleep(_PAUSE.total_seconds())


def _detail(answer: httpx.Response) -> str:
    try:
        detail = msgspec.json.decode(answer.content, type=_Problem).detail
    except msgspec.DecodeError:
        detail = ""
    return detail or f"HTTP {answer.status_code}"
