"""Bytes under a key, in a local folder, through obstore, which speaks to object stores alike."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

import anyio
import msgspec
import obstore
from obstore.store import LocalStore

from penstock.declarations import PenstockError

_CHUNK = 256 * 1024


class ObjectMissingError(PenstockError):
    """Nothing is stored under this key."""


class StoredObject(msgspec.Struct, frozen=True):
    """What was stored: its size in bytes, and the SHA-256 of its bytes in hexadecimal."""

    size: int
    sha256: str


class ObjectStorage:
    """A store of immutable byte sequences.

    Args:
        folder: created if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._store = LocalStore(folder, mkdir=True)

    async def put(self, key: str, data: bytes | Path | AsyncIterable[bytes]) -> StoredObject:
        """Store bytes; on return they are complete under ``key``, never partly.

        Args:
            key: a path; its parts become folders.
            data: the bytes, a local file, or chunks.
        """
        digest = hashlib.sha256()
        size = 0

        async def measured() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in _chunks(data):
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        await obstore.put_async(self._store, key, measured())
        return StoredObject(size, digest.hexdigest())

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes under ``key`` in chunks.

        Raises:
            ObjectMissingError: before the first chunk.
        """
        try:
            result = await obstore.get_async(self._store, key)
        except FileNotFoundError as error:
            message = f"no object {key!r} in {self._store}"
            raise ObjectMissingError(message) from error
        async for chunk in result.stream(min_chunk_size=_CHUNK):
            yield bytes(chunk)


async def _chunks(data: bytes | Path | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, Path):
        async with await anyio.open_file(data, "rb") as file:
            while chunk := await file.read(_CHUNK):
                yield chunk
    else:
        async for chunk in data:
            yield chunk
