"""Artifacts: bytes in the storage, rows in the ledger.

The bytes are durable before the row names them. A crash in between leaves bytes that nobody names,
never a row without bytes.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

from penstock.declarations import Artifact, PermanentError
from penstock.ledger import LedgerUnavailableError, StoredArtifact
from penstock.storage import ObjectMissingError, ObjectStorage

_MAX_NAME_LENGTH = 255
_log = logging.getLogger(__name__)


class ArtifactRows(Protocol):
    """What knows the files that are stored: the ledger, or the memory of a test."""

    async def add_artifact(self, artifact: StoredArtifact) -> None:
        """Remember a stored file; repeating it changes nothing."""
        ...

    async def find_artifact(self, artifact_id: UUID) -> StoredArtifact | None:
        """The stored file of that id, if there is one."""
        ...


class StoredReader:
    """An opened artifact; see :class:`~penstock.declarations.ArtifactReader`."""

    def __init__(self, artifact: Artifact, chunks: AsyncIterator[bytes]) -> None:
        self.artifact = artifact
        self._chunks = chunks

    async def read(self) -> bytes:
        """All of its bytes."""
        return b"".join([chunk async for chunk in self._chunks])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class ArtifactStore:
    """All artifacts of an installation."""

    def __init__(self, *, ledger: ArtifactRows, storage: ObjectStorage) -> None:
        self._ledger = ledger
        self._storage = storage

    async def put(
        self,
        task_id: UUID,
        name: str,
        data: bytes | Path | AsyncIterable[bytes],
        *,
        content_type: str,
    ) -> Artifact:
        """Store a file of a task; on return its bytes and its row are durable.

        Raises:
            ValueError: if ``name`` is not a plain file name.
        """
        row = await self.receive(task_id, name, data, content_type=content_type)
        await self._ledger.add_artifact(row)
        return _artifact(row)

    async def receive(
        self,
        task_id: UUID,
        name: str,
        data: bytes | Path | AsyncIterable[bytes],
        *,
        content_type: str,
    ) -> StoredArtifact:
        """Store the bytes of a file of a task that is yet to be submitted.

        Whoever calls this submits the task with the file, or else discards the file.

        Raises:
            ValueError: if ``name`` is not a plain file name.
        """
        check_name(name)
        artifact_id = uuid7()
        stored = await self._storage.put(_key(artifact_id), data)
        return StoredArtifact(
            id=artifact_id,
            task_id=task_id,
            name=name,
            content_type=content_type,
            size=stored.size,
            sha256=stored.sha256,
        )

    async def discard(self, file: StoredArtifact) -> None:
        """Delete the bytes of a file whose task was not accepted.

        They stay if the ledger has the file: then the task was accepted after all, and only the
        answer to the commit was lost. A ledger that is away counts as one that has not got it;
        kept bytes that nobody names would fill the disk while callers try again.

        Logs what goes wrong, and raises nothing.
        """
        try:
            if await self._ledger.find_artifact(file.id) is not None:
                return
        except LedgerUnavailableError as error:
            _log.warning("cannot ask whether file %s has a task: %s", file.id, error)
        try:
            await self._storage.delete(_key(file.id))
        except Exception:  # noqa: BLE001  (whatever the store raises: the caller has its own error)
            _log.exception("the %d bytes of file %s stay without a task", file.size, file.id)

    async def delete_bytes(self, artifact_id: UUID) -> None:
        """Delete the bytes of an artifact whose row is gone; it is no error if there are none."""
        await self._storage.delete(_key(artifact_id))

    async def open(self, artifact_id: UUID) -> StoredReader:
        """Open a stored file.

        Raises:
            PermanentError: code ``artifact_not_found``.
        """
        row = await self._ledger.find_artifact(artifact_id)
        if row is None:
            message = f"there is no artifact {artifact_id}"
            raise PermanentError(message, code="artifact_not_found")
        chunks = self._storage.read(_key(artifact_id))
        try:
            first = await anext(chunks, b"")
        except ObjectMissingError as error:
            message = f"the bytes of artifact {artifact_id} are no longer in the storage"
            raise PermanentError(message, code="artifact_not_found") from error
        return StoredReader(_artifact(row), _prepend(first, chunks))


class TaskArtifacts:
    """The artifacts as one running task sees them."""

    def __init__(self, store: ArtifactStore, task_id: UUID) -> None:
        self._store = store
        self._task_id = task_id

    async def put(
        self, name: str, data: bytes | Path | AsyncIterable[bytes], *, content_type: str
    ) -> Artifact:
        """See :meth:`ArtifactStore.put`."""
        return await self._store.put(self._task_id, name, data, content_type=content_type)

    async def open(self, artifact_id: UUID) -> StoredReader:
        """See :meth:`ArtifactStore.open`."""
        return await self._store.open(artifact_id)


def _artifact(row: StoredArtifact) -> Artifact:
    return Artifact(
        id=row.id,
        name=row.name,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
    )


def _key(artifact_id: UUID) -> str:
    # The last characters of a UUIDv7 are random, the first are the time: these spread over folders.
    text = artifact_id.hex
    return f"{text[-2:]}/{text}"


def check_name(name: str) -> None:
    """Refuse what is no plain file name.

    Raises:
        ValueError: for an empty name, folders, control characters, or more than 255 characters.
    """
    plain = name not in {"", ".", ".."} and not any(
        each in "/\\" or not each.isprintable() for each in name
    )
    if not plain or len(name) > _MAX_NAME_LENGTH:
        message = (
            "expected the name of an artifact to be a plain file name of at most "
            f"{_MAX_NAME_LENGTH} characters, without folders, got {name!r}"
        )
        raise ValueError(message)


async def _prepend(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
