"""What a decoder found in a file, before anything is stored."""

from dataclasses import dataclass
from pathlib import Path

from penstock_upload.description import Details, Kind


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small image file."""

    data: bytes
    content_type: str
    extension: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a file is. ``text`` is a file with the text that was taken out of it."""

    kind: Kind
    content_type: str
    extension: str
    details: Details
    thumbnail: Thumbnail | None = None
    text: Path | None = None
