"""Whether a file ends where its own structure says that it does.

Most decoders are content with what is there: a video that lost its second half still plays. What
the containers say about their length is compared with the file.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

from penstock_upload.faults import damaged
from penstock_upload.magic import Signature

_TAIL = 1024
_BOX_HEADER = 8
_EBML_HEADER = 12
"""An id of 4 bytes, and a length of up to 8."""


def check_end(file: BinaryIO, size: int, signature: Signature) -> None:
    """Refuse a file that shows that it was cut; afterwards it stands at its start.

    Raises:
        PermanentError: ``file_damaged``.
    """
    check = _CHECKS.get(signature.decoder)
    reason = check(file, size) if check else None
    file.seek(0)
    if reason:
        raise damaged(signature.label, reason)


def _boxes(file: BinaryIO, size: int) -> str | None:
    """MP4, MOV, AVIF: a row of boxes, each with its length in front (ISO/IEC 14496-12, 4.2)."""
    start = 0
    while start < size:
        file.seek(start)
        header = file.read(16)
        if not header.strip(b"\0"):
            return None  # zeros behind the last box: padding
        length = int.from_bytes(header[:4], "big")
        if length == 0:
            return None  # to the end of the file, wherever that is
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if length < _BOX_HEADER or start + length > size:
            return f"the part at byte {start} says that it has {length} bytes"
        start += length
    return None


def _matroska(file: BinaryIO, size: int) -> str | None:
    """MKV, WebM: an EBML header and one segment, each with its length (RFC 8794, 4 and 5)."""
    start = 0
    for _ in range(2):
        file.seek(start)
        header = file.read(_EBML_HEADER)
        if len(header) < _EBML_HEADER or not header[4]:
            return "it ends in the header"
        width = 9 - header[4].bit_length()
        length = int.from_bytes(header[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
        if length == (1 << 7 * width) - 1:
            return None  # unknown: it was recorded live
        start += 4 + width + length
    return f"its segment says that it ends at byte {start}" if start > size else None


def _riff(file: BinaryIO, size: int) -> str | None:
    """WAV, AVI, WebP: one chunk, with its length in front."""
    file.seek(4)
    length = int.from_bytes(file.read(4), "little")
    if length in {0, 0xFFFFFFFF}:
        return None  # unknown: it was recorded live
    return f"it says that it has {length + 8} bytes" if length + 8 > size else None


def _ogg(file: BinaryIO, size: int) -> str | None:
    """OGG: pages, each with the lengths of its segments (RFC 3533, 6)."""
    start = max(0, size - 65_307)  # the longest page that there is
    file.seek(start)
    tail = file.read()
    page = tail.rfind(b"OggS\0")
    if page < 0:
        return "there is no page at its end"
    lengths = tail[page + 27 : page + 27 + (tail[page + 26] if len(tail) > page + 26 else 0)]
    end = page + 27 + len(lengths) + sum(lengths)
    return f"its last page has {end - len(tail)} bytes more" if end > len(tail) else None


def _mp3(file: BinaryIO, size: int) -> str | None:
    """MP3: many have a first frame that says how many bytes there are (the Xing header)."""
    file.seek(0)
    start = 0
    tag = file.read(10)
    if tag.startswith(b"ID3"):
        sevens = zip(tag[6:], (21, 14, 7, 0), strict=False)  # a cut tag is short
        start = len(tag) + sum((each & 127) << shift for each, shift in sevens)
    file.seek(start)
    frame = file.read(192)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return None
    flags, first, second = struct.unpack_from(">III", frame, at + 4)
    if not flags & 2:
        return None
    length = second if flags & 1 else first
    return f"it says that it has {length} bytes of sound" if start + length > size else None


def _ends_with(mark: bytes) -> Callable[[BinaryIO, int], str | None]:
    """PNG, PDF: a mark near the end; other bytes may follow it."""

    def check(file: BinaryIO, size: int) -> str | None:
        file.seek(max(0, size - _TAIL))
        return None if mark in file.read() else f"there is no {mark!r} at its end"

    return check


_CHECKS: dict[str, Callable[[BinaryIO, int], str | None]] = {
    "AVIF": _boxes,
    "PNG": _ends_with(b"IEND\xaeB`\x82"),
    "WEBP": _riff,
    "avi": _riff,
    "matroska": _matroska,
    "mov": _boxes,
    "mp3": _mp3,
    "ogg": _ogg,
    "pdf": _ends_with(b"%%EOF"),
    "wav": _riff,
}
