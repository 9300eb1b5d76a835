"""Keeps passwords out of everything that people and logs get to see."""

import re

HIDDEN = "***"

# Up to the end: a secret may hold an "&" that somebody forgot to escape.
_QUERY_SECRET = re.compile(
    r"([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=).*", re.IGNORECASE | re.DOTALL
)

# With whatever a password may hold that somebody forgot to escape.
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://\S*[@?]\S*", re.IGNORECASE)


def redacted_in(text: str) -> str:
    """A text of somebody else's, with the password of each URL in it replaced by ``***``."""
    return _URL.sub(lambda found: redacted(found[0]), text)


def redacted(url: str) -> str:
    """The URL with its password replaced by ``***``.

    Works on malformed URLs as well, where it rather hides too much than too little.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if "@" in url or "=" in url else url
    # Up to the last "@": a password may hold an "@", ":" or "/" that somebody forgot to escape.
    userinfo, at, host = rest.rpartition("@")
    if "?" in userinfo:
        # A password with a "?", or a query with an "@": nobody can tell.
        return f"{scheme}://{HIDDEN}"
    user, colon, _ = userinfo.partition(":")
    secret = f"{colon}{HIDDEN}" if colon else ""
    return f"{scheme}://{user}{secret}{at}{_hide_in_query(host)}"


def _hide_in_query(text: str) -> str:
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", text)
