"""Headers that every answer carries, whoever made it."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from penstock.api.request_id import HEADER, request_id

# What a route sets itself is left alone. HSTS is the business of whoever terminates TLS.
_DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def add_headers(message: Message, scope: Scope) -> None:
    """A ``before_send`` hook: middleware would not see the router's own 404 and 405."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    headers[HEADER] = request_id(scope)
    for name, value in _DEFAULTS.items():
        headers.setdefault(name, value)
