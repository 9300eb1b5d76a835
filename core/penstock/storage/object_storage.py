"""Bytes under a key, in a local folder, through obstore, which speaks to object stores alike."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

import anyio
import msgspec
import obstore
from obstore.store import LocalStore

from penstock.declarations import PenstockError
from penstock.storage.durability import make_durable

_CHUNK = 256 * 1024
# How many parts of 5 MiB (the smallest that object stores take) are written at once: this bounds
# the memory of one file on its way in.
_PARTS_AT_ONCE = 2


class ObjectMissingError(PenstockError):
    """Nothing is stored under this key."""


class StoredObject(msgspec.Struct, frozen=True):
    """What was stored: its size in bytes, and the SHA-256 of its bytes in hexadecimal."""

    size: int
    sha256: str


class ObjectStorage:
    """A store of immutable byte sequences.

    Args:
        folder: created when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @functools.cached_property
    def _store(self) -> LocalStore:
        # Not before: a process that only submits has no use for a folder.
        return LocalStore(self._folder, mkdir=True)

    async def put(self, key: str, data: bytes | Path | AsyncIterable[bytes]) -> StoredObject:
        """Store bytes; on return they are complete and durable under ``key``, never partly.

        Nothing stays of what fails, or is cancelled, on the way.

        Args:
            key: a path; its parts become folders.
            data: the bytes, a local file, or chunks.
        """
        feed = _Feed(_chunks(data))
        writing = asyncio.create_task(self._write(key, feed))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Cancelled itself, obstore would leave the source waiting, and its draft for a while.
            feed.stop()
            (failure,) = await asyncio.gather(writing, return_exceptions=True)
            if failure is None:
                await self.delete(key)
            raise
        return StoredObject(feed.size, feed.sha256)

    async def _write(self, key: str, feed: _Feed) -> None:
        await obstore.put_async(self._store, key, feed, max_concurrency=_PARTS_AT_ONCE)
        # obstore leaves it to the system when the bytes reach the disk.
        try:
            await asyncio.to_thread(make_durable, self._folder / key, below=self._folder)
        except OSError:
            await self.delete(key)
            raise

    async def delete(self, key: str) -> None:
        """Forget the bytes under ``key``; it is no error if there are none."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)

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


class _Feed:
    """Bytes on their way into the store, measured; can be stopped from outside."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._digest = hashlib.sha256()
        self._pull: asyncio.Task[object] | None = None
        self._stopped = False
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def stop(self) -> None:
        """End with an error, at once, so that the store drops what it has."""
        self._stopped = True
        if self._pull is not None:
            self._pull.cancel()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._stopped:
            raise asyncio.CancelledError
        # obstore asks for each chunk in a task of its own.
        self._pull = asyncio.current_task()
        try:
            chunk = await anext(self._chunks)
        finally:
            self._pull = None
        self._digest.update(chunk)
        self.size += len(chunk)
        return chunk


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
