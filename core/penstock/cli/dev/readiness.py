"""Waits for the API to report good health, and for workers to serve."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import httpx
import msgspec

_PAUSE = timedelta(milliseconds=100)


class _Health(msgspec.Struct):
    workers: dict[str, int]


class _Success(msgspec.Struct):
    data: _Health


class _Problem(msgspec.Struct):
    detail: str = ""


async def healthy(url: str, say: Callable[[str], None]) -> None:
    """Return when all is well and each queue has a worker; until then say what is missing, once."""
    said = ""
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
        while True:
            try:
                answer = await http.get("/api/health")
            except httpx.TransportError:
                pass  # not listening yet
            else:
                detail = _missing(answer)
                if not detail:
                    return
                if detail != said:
                    said = detail
                    say(f"not ready yet: {detail}")
            await asyncio.sleep(_PAUSE.total_seconds())


def _missing(answer: httpx.Response) -> str:
    """What is not there yet; empty if nothing is missing."""
    if answer.status_code != HTTPStatus.OK:
        return _detail(answer)
    try:
        workers = msgspec.json.decode(answer.content, type=_Success).data.workers
    except msgspec.DecodeError:
        return "what answers there is not Penstock"
    idle = [queue for queue, count in workers.items() if not count]
    return f"no worker serves {', '.join(idle)} yet" if idle else ""


def _detail(answer: httpx.Response) -> str:
    try:
        detail = msgspec.json.decode(answer.content, type=_Problem).detail
    except msgspec.DecodeError:
        detail = ""
    return detail or f"HTTP {answer.status_code}"
