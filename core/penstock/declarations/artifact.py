"""Files that a task makes: kept outside of the ledger, named in results by :class:`Artifact`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file. ``GET /api/artifacts/{id}`` serves its bytes."""

    id: UUID
    name: str
    content_type: str
    size: int
    """In bytes."""
    sha256: str
    """Of the bytes, in lower-case hexadecimal."""


class ArtifactReader(Protocol):
    """An opened artifact: read it whole, or iterate over its chunks (once)."""

    artifact: Artifact

    async def read(self) -> bytes:
        """All of its bytes."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Artifacts(Protocol):
    """The files of one task."""

    async def put(
        self, name: str, data: bytes | Path | AsyncIterable[bytes], *, content_type: str
    ) -> Artifact:
        """Store a file; on return its bytes and its row are durable.

        Args:
            name: the file name offered on download; a plain name without a folder.
            data: the bytes, a local file, or chunks.
            content_type: the media type that it is served with.

        Raises:
            ValueError: if ``name`` is not a plain file name.
        """
        ...

    async def open(self, artifact_id: UUID) -> ArtifactReader:
        """Open a stored file.

        Raises:
            PermanentError: code ``artifact_not_found``.
        """
        ...


class SyncArtifactReader(Protocol):
    """An opened artifact in a ``def`` handler: read it whole, or iterate over its chunks (once)."""

    artifact: Artifact

    def read(self) -> bytes:
        """All of its bytes."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...


class SyncArtifacts(Protocol):
    """The files of one task in a ``def`` handler."""

    def put(
        self, name: str, data: bytes | Path | Iterable[bytes], *, content_type: str
    ) -> Artifact:
        """As :meth:`Artifacts.put`."""
        ...

    def open(self, artifact_id: UUID) -> SyncArtifactReader:
        """As :meth:`Artifacts.open`."""
        ...
