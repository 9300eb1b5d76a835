"""Forms, byte by byte as they go over the wire."""

from collections.abc import Mapping
from types import MappingProxyType

BOUNDARY = "a-line-between-parts"
CONTENT_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(
    name: str,
    content: bytes | str,
    *,
    filename: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """One part; ``headers`` stand beside the one that every part has."""
    disposition = f'form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [f"Content-Disposition: {disposition}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    body = content.encode() if isinstance(content, str) else content
    return f"--{BOUNDARY}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + body + b"\r\n"


def file_part(
    content: bytes = b"%PDF",
    filename: str = "scan.pdf",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    return part("file", content, filename=filename, headers=headers)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
