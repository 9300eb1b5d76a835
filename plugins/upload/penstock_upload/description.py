"""The result of ``upload.process``: what a file is, as its decoder found it."""

from typing import Literal

import msgspec

from penstock import Artifact

Kind = Literal["image", "media", "pdf", "text"]


class ImageDetails(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind", tag="image"):
    """An image, decoded in full."""

    format: str
    width: int
    """In pixels, as displayed: after the rotation that its EXIF data asks for."""
    height: int
    frames: int
    """Of a TIFF: pages."""
    animated: bool


class StreamDetails(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One track of a video or a sound."""

    type: str
    """``video``, ``audio``, ``subtitle``, ``data`` or ``attachment``."""
    codec: str | None = None
    width: int | None = None
    """In pixels, as stored: before any rotation."""
    height: int | None = None
    frames_per_second: float | None = None
    sample_rate: int | None = None
    """In hertz."""
    channels: int | None = None
    cover: bool = False
    """Whether this is a picture that belongs to a sound."""


class MediaDetails(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind", tag="media"):
    """A video or a sound: its start and its end were decoded, and all between them was read."""

    container: str
    duration: float | None
    """In seconds; ``None`` if neither the file nor its packets say."""
    streams: list[StreamDetails]
    width: int | None
    """Of the first video track in pixels, as displayed: after its rotation."""
    height: int | None
    frames_per_second: float | None


class PdfDetails(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind", tag="pdf"):
    """A PDF, of which each page was opened, up to the operator's limit."""

    pages: int
    title: str | None
    excerpt: str
    """The first 2,000 characters of its text."""
    characters: int
    """Of the text that was taken."""
    complete: bool
    """Whether the text of all pages was taken."""
    text: Artifact | None = None
    """All of the text that was taken, as a file in UTF-8; ``None`` if there is none."""


class TextDetails(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind", tag="text"):
    """A text in UTF-8, decoded in full."""

    lines: int
    characters: int
    excerpt: str
    """Its first 2,000 characters."""


Details = ImageDetails | MediaDetails | PdfDetails | TextDetails


class Upload(msgspec.Struct, kw_only=True, frozen=True):
    """A file, and what it is."""

    kind: Kind
    content_type: str
    """What its decoder confirmed, whatever the sender said."""
    extension: str
    """The usual one for this type, without a dot, whatever its name says."""
    name: str
    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, in lower-case hexadecimal."""
    thumbnail: Artifact | None
    """At most 320 pixels a side, without any metadata."""
    file: Artifact
    """The file itself, as it was sent."""
    details: Details
