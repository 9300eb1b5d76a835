"""Keeps passwords out of everything that people and logs get to see."""

import re

HIDDEN = "***"

_QUERY_SECRET = re.compile(
    r"([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=)[^&]*", re.IGNORECASE
)


def redacted(url: str) -> str:
    """The URL with its password replaced by ``***``.

    Works on malformed URLs as well, where it rather hides too much than too little.
    """
    url = _QUERY_SECRET.sub(rf"\1{HIDDEN}", url)
    # Up to the last "@": a password may hold an "@", ":" or "/" that somebody forgot to escape.
    credentials, at, host = url.rpartition("@")
    if not at:
        return url
    scheme, separator, userinfo = credentials.partition("://")
    if not separator:
        return f"{HIDDEN}@{host}"
    user, colon, _ = userinfo.partition(":")
    return f"{scheme}://{user}:{HIDDEN}@{host}" if colon else f"{scheme}://{user}@{host}"
