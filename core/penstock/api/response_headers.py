"""Headers that every answer carries, whoever made it."""

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

from penstock.api.request_id import HEADER, request_id

# What a route sets itself is left alone. HSTS is the business of whoever terminates TLS.
_DEFAULTS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def header_hook() -> Callable[[Message, Scope], Awaitable[None]]:
    """A ``before_send`` hook: middleware would not see the router's own 404 and 405."""
    defaults = [(name.encode(), value.encode()) for name, value in _DEFAULTS.items()]
    id_header = HEADER.lower().encode()

    async def add_headers(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        headers += [each for each in defaults if each[0] not in present]
        headers.append((id_header, request_id(scope).encode()))
        message["headers"] = headers

    return add_headers
