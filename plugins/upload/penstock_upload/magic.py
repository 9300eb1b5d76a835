"""The first bytes of a file, and what they promise: its decoder has to keep the promise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

HEAD = 4096
"""So many bytes are enough to recognise a file."""


@dataclass(frozen=True)
class Signature:
    """What a file claims to be.

    ``decoder`` is Pillow's name of an image format, or FFmpeg's of a container.
    """

    kind: Literal["image", "media", "pdf"]
    decoder: str
    content_type: str
    extension: str
    label: str


_PNG = Signature("image", "PNG", "image/png", "png", "PNG image")
_JPEG = Signature("image", "JPEG", "image/jpeg", "jpg", "JPEG image")
_GIF = Signature("image", "GIF", "image/gif", "gif", "GIF image")
_WEBP = Signature("image", "WEBP", "image/webp", "webp", "WebP image")
_AVIF = Signature("image", "AVIF", "image/avif", "avif", "AVIF image")
_BMP = Signature("image", "BMP", "image/bmp", "bmp", "BMP image")
_TIFF = Signature("image", "TIFF", "image/tiff", "tiff", "TIFF image")
_PDF = Signature("pdf", "pdf", "application/pdf", "pdf", "PDF")
_MP4 = Signature("media", "mov", "video/mp4", "mp4", "MP4 file")
_MOV = Signature("media", "mov", "video/quicktime", "mov", "QuickTime file")
_WEBM = Signature("media", "matroska", "video/webm", "webm", "WebM file")
_MKV = Signature("media", "matroska", "video/x-matroska", "mkv", "Matroska file")
_AVI = Signature("media", "avi", "video/x-msvideo", "avi", "AVI file")
_MP3 = Signature("media", "mp3", "audio/mpeg", "mp3", "MP3 file")
_WAV = Signature("media", "wav", "audio/wav", "wav", "WAV file")
_OGG = Signature("media", "ogg", "audio/ogg", "ogg", "OGG file")
_FLAC = Signature("media", "flac", "audio/flac", "flac", "FLAC file")

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"\xff\xd8\xff", _JPEG),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"II+\0", _TIFF),
    (b"MM\0+", _TIFF),
    (b"%PDF-", _PDF),
    (b"OggS\0", _OGG),
    (b"fLaC\0", _FLAC),
    (b"fLaC\x80", _FLAC),
)
_RIFF = {b"WEBP": _WEBP, b"WAVE": _WAV, b"AVI ": _AVI}
_BITMAP_HEADERS = {bytes((size, 0, 0, 0)) for size in (12, 40, 52, 56, 64, 108, 124)}

_STRANGERS = (
    (b"PK\x03\x04", "a ZIP archive (office documents are such, too)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a Linux program"),
    (b"MZ", "a Windows program"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\0\1\0", "an ICO image"),
    (b"8BPS", "a Photoshop image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)


def recognise(head: bytes) -> Signature | None:
    """What ``head``, the first bytes of a file, claims; ``None`` if no decoder here knows it."""
    for start, signature in _STARTS:
        if head.startswith(start):
            return signature
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(_brands(head))
    return next((signature for is_it, signature in _LOOKS if is_it(head)), None)


def stranger(head: bytes) -> str:
    """A name for what no decoder here knows."""
    if head[4:8] == b"ftyp":
        return "an image in HEIF (HEIC), or another format of the MP4 family"
    for start, name in _STRANGERS:
        if head.startswith(start):
            return name
    return f"data of no known type, which starts with the bytes {head[:8].hex(' ')}"


def is_layer_3(head: bytes) -> bool:
    """Whether ``head`` starts with an MPEG audio frame of layer III, and another one follows.

    One header alone is twelve bits that any noise may have.
    """
    length = _frame_length(head)
    return length > 0 and _frame_length(head[length:]) > 0


def _frame_length(head: bytes) -> int:
    """In bytes, from the four bytes of its header; 0 if that is none (ISO/IEC 11172-3, 2.4.1)."""
    if len(head) < _FRAME_HEADER or head[0] != _SYNC or head[1] & 0xE6 != _SYNC_LAYER_3:
        return 0
    version = _VERSIONS.get(head[1] >> 3 & 3)
    rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    if version is None or rate not in range(1, 15) or sampling not in range(3):
        return 0
    kilobits = (_KILOBITS_1 if version == 1 else _KILOBITS_2)[rate]
    hertz = _HERTZ[sampling] // version
    samples = 1152 if version == 1 else 576
    return samples // 8 * kilobits * 1000 // hertz + (head[2] >> 1 & 1)


_FRAME_HEADER = 4
_SYNC = 0xFF
_SYNC_LAYER_3 = 0xE2
_VERSIONS = {3: 1, 2: 2, 0: 4}
"""Of MPEG audio: 1, 2 and 2.5, of which each halves the sampling rates of the one before."""
_HERTZ = (44_100, 48_000, 32_000)
_KILOBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KILOBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _brands(head: bytes) -> list[bytes]:
    """The major brand and the compatible ones; the four bytes after the first are a version."""
    box = head[: min(int.from_bytes(head[:4], "big"), len(head))]
    return [box[8:12], *(box[start : start + 4] for start in range(16, len(box), 4))]


def _by_brand(brands: list[bytes]) -> Signature | None:
    if {b"avif", b"avis"} & set(brands):
        return _AVIF
    if brands[0] in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return None
    return _MOV if brands[0] == b"qt  " else _MP4


_LOOKS: tuple[tuple[Callable[[bytes], bool], Signature], ...] = (
    (lambda head: head[4:8] in {b"moov", b"mdat", b"wide", b"pnot"}, _MOV),  # before ISO's ftyp
    (lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64], _WEBM),
    (lambda head: head.startswith(b"\x1a\x45\xdf\xa3"), _MKV),
    (lambda head: head.startswith(b"BM") and head[14:18] in _BITMAP_HEADERS, _BMP),
    # The byte after "ID3" is a version: no text has a control character there.
    (lambda head: head.startswith((b"ID3\x02", b"ID3\x03", b"ID3\x04")), _MP3),
    (is_layer_3, _MP3),
)
