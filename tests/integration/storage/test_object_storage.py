"""Bytes under a key: complete or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from penstock.storage import ObjectMissingError, ObjectStorage, StoredObject


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet"


@pytest.fixture
def storage(folder: Path) -> ObjectStorage:
    return ObjectStorage(folder)


async def read(storage: ObjectStorage, key: str) -> bytes:
    return b"".join([chunk async for chunk in storage.read(key)])


async def test_it_tells_size_and_checksum_of_what_it_stored(storage: ObjectStorage) -> None:
    content = b"water" * 1_000_000

    stored = await storage.put("ab/cdef", content)

    assert stored == StoredObject(len(content), sha256(content).hexdigest())
    assert await read(storage, "ab/cdef") == content


async def test_bytes_are_on_the_disk_with_the_folders_that_lead_to_them(
    storage: ObjectStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    await storage.put("ab/cdef", b"x")

    expected = [folder / "ab" / "cdef", folder / "ab", folder]
    assert synced == [each.stat().st_ino for each in expected]


async def test_it_is_read_in_bounded_chunks(storage: ObjectStorage) -> None:
    await storage.put("large", bytes(8_000_000))

    sizes = [len(chunk) async for chunk in storage.read("large")]

    assert sum(sizes) == 8_000_000
    assert max(sizes) <= 1_000_000


async def test_a_source_that_breaks_leaves_nothing(storage: ObjectStorage, folder: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1_000_000)
        raise RuntimeError("the pipe burst")

    with pytest.raises(Exception, match="the pipe burst"):
        await storage.put("half", broken())

    assert files(folder) == []
    with pytest.raises(ObjectMissingError, match="no object 'half'"):
        await read(storage, "half")


async def test_the_error_of_a_source_reaches_its_caller_as_it_is(storage: ObjectStorage) -> None:
    error = RuntimeError("the pipe burst")

    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise error

    with pytest.raises(RuntimeError) as caught:
        await storage.put("half", broken())

    assert caught.value is error


@pytest.mark.parametrize("size", [0, 20_000_000], ids=["nothing yet", "several parts written"])
async def test_a_put_that_is_cancelled_leaves_nothing_and_lets_its_source_go(
    storage: ObjectStorage, folder: Path, size: int
) -> None:
    waiting, let_go = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        try:
            for _ in range(size // 1_000_000):
                yield bytes(1_000_000)
            waiting.set()
            await asyncio.Event().wait()
        finally:
            let_go.set()

    putting = asyncio.create_task(storage.put("half", slow()))
    await waiting.wait()
    if size:
        assert files(folder)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting

    assert let_go.is_set()
    assert files(folder) == []


async def test_a_put_that_is_cancelled_at_its_very_end_leaves_nothing(
    storage: ObjectStorage, folder: Path
) -> None:
    async def to_the_end() -> AsyncIterator[bytes]:
        yield bytes(10_000_000)
        putting.cancel()

    putting = asyncio.create_task(storage.put("whole", to_the_end()))
    with pytest.raises(asyncio.CancelledError):
        await putting

    assert files(folder) == []


async def test_no_chunks_at_all_are_an_empty_object(storage: ObjectStorage) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        return
        yield b""

    assert (await storage.put("empty", nothing())).size == 0
    assert await read(storage, "empty") == b""


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(
    storage: ObjectStorage, folder: Path
) -> None:
    await storage.put("ab/cdef", b"x")
    for _ in range(2):
        await storage.delete("ab/cdef")

    assert files(folder) == []


async def test_a_file_that_is_not_there_is_the_callers_error(
    storage: ObjectStorage, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await storage.put("key", tmp_path / "missing.bin")


async def test_what_another_process_stored_is_found(folder: Path, storage: ObjectStorage) -> None:
    await storage.put("shared", b"x")

    assert await read(ObjectStorage(folder), "shared") == b"x"


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]
