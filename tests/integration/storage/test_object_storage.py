"""Bytes under a key: complete or not at all."""

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
