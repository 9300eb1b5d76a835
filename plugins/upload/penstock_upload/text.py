"""Plain text in UTF-8."""

import codecs
import re
from pathlib import Path

import msgspec

from penstock_upload.description import TextDetails
from penstock_upload.finding import Finding

EXCERPT = 2_000
"""So many characters of a text are in the result itself."""

_CHUNK = 256 * 1024
_MAX_JSON = 10_000_000
# Tab, line feed, form feed, carriage return and escape (in logs) are part of texts.
_NOISE = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def inspect_text(path: Path, size: int) -> Finding | None:
    """Decode a text in full, a piece at a time; ``None`` if it is none."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    characters = breaks = 0
    excerpt = last = ""
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                piece = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                return None
            if _NOISE.search(piece):
                return None
            characters += len(piece)
            breaks += piece.count("\n")
            excerpt += piece[: EXCERPT - len(excerpt)]
            last = piece[-1:] or last
            if not chunk:
                break
    is_json = size <= _MAX_JSON and _is_json(path)
    return Finding(
        kind="text",
        content_type="application/json" if is_json else "text/plain",
        extension="json" if is_json else "txt",
        details=TextDetails(
            lines=breaks + (last not in {"", "\n"}), characters=characters, excerpt=excerpt
        ),
    )


def _is_json(path: Path) -> bool:
    """Whether it is a JSON object or array; a lone number or word is a text like any other."""
    data = path.read_bytes()
    if not data.lstrip().startswith((b"{", b"[")):
        return False
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
