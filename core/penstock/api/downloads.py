"""The headers of a download: names, types and caching, made safe for browsers."""

import re
from urllib.parse import quote

from penstock.declarations import Artifact

# RFC 9110 media types with plain or quoted parameters; what does not fit may hold a line break.
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE = re.compile(rf'{_WORD}/{_WORD}(?: *; *{_WORD}=(?:{_WORD}|"[ !#-\[\]-~]*"))*')
_MAX_MEDIA_TYPE_LENGTH = 255  # what the ledger's column holds
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 !#$&+.^_`|~()\[\]{},;=@-]")
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


def download_headers(artifact: Artifact) -> dict[str, str]:
    """What to send along with the bytes of ``artifact``."""
    return {
        "Content-Type": media_type(artifact.content_type),
        "Content-Length": str(artifact.size),
        "Content-Disposition": content_disposition(artifact.name),
        # An HTML or SVG file that is opened all the same gets an origin of its own and no scripts.
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{artifact.sha256}"',
        # Bytes under an id never change, but each request must show that it may have them.
        "Cache-Control": "private, no-cache",
    }


def media_type(declared: str) -> str:
    """``declared`` if it is a media type and not too long to keep, else that of any bytes."""
    fits = len(declared) <= _MAX_MEDIA_TYPE_LENGTH and _MEDIA_TYPE.fullmatch(declared)
    return declared if fits else "application/octet-stream"


def content_disposition(name: str) -> str:
    """``attachment`` under ``name``: RFC 6266, with the full name as of RFC 8187."""
    fallback = _NOT_PLAIN.sub("_", name) or "download"
    if fallback == name:
        return f'attachment; filename="{name}"'
    encoded = quote(name.encode("utf-8", "replace"), safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether an ``If-None-Match`` header names this entity tag (weak comparison)."""
    if if_none_match is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
