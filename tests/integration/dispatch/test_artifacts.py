"""Files of tasks: durable when they are named, found again, never a path."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from penstock import PermanentError
from penstock.dispatch import ArtifactStore, InvalidInputError, Submission, TaskArtifacts
from penstock.ledger import LedgerUnavailableError
from penstock.storage import ObjectStorage
from tests.integration.dispatch.conftest import Build, Installation

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def store(installation: Installation, folder: Path) -> ArtifactStore:
    return ArtifactStore(ledger=installation.ledger, storage=ObjectStorage(folder))


@pytest.fixture
async def artifacts(installation: Installation, store: ArtifactStore) -> TaskArtifacts:
    task = await installation.dispatch.submit(Submission("acme.resize", b'{"source":"cat"}'))
    return TaskArtifacts(store, task.id)


async def chunks() -> AsyncIterator[bytes]:
    for start in range(0, len(CONTENT), 100_000):
        yield CONTENT[start : start + 100_000]


@pytest.mark.parametrize("source", ["bytes", "file", "chunks"])
async def test_what_was_put_is_read_again(
    artifacts: TaskArtifacts, tmp_path: Path, source: str
) -> None:
    file = tmp_path / "source.bin"
    file.write_bytes(CONTENT)
    data = {"bytes": CONTENT, "file": file, "chunks": chunks()}[source]

    artifact = await artifacts.put("Straße.bin", data, content_type="image/png")  # type: ignore[arg-type]

    assert (artifact.name, artifact.content_type) == ("Straße.bin", "image/png")
    assert (artifact.size, artifact.sha256) == (len(CONTENT), sha256(CONTENT).hexdigest())
    reader = await artifacts.open(artifact.id)
    assert reader.artifact == artifact
    assert await reader.read() == CONTENT
    again = await artifacts.open(artifact.id)
    assert b"".join([chunk async for chunk in again]) == CONTENT


async def test_an_empty_file_is_a_file(artifacts: TaskArtifacts) -> None:
    artifact = await artifacts.put("empty", b"", content_type="text/plain")

    assert artifact.size == 0
    assert await (await artifacts.open(artifact.id)).read() == b""


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "a" * 256])
async def test_a_name_that_is_no_plain_file_name_is_refused(
    artifacts: TaskArtifacts, folder: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        await artifacts.put(name, b"x", content_type="text/plain")
    assert files(folder) == []


async def test_what_is_not_there_cannot_be_opened(artifacts: TaskArtifacts, folder: Path) -> None:
    with pytest.raises(PermanentError, match="there is no artifact") as unknown:
        await artifacts.open(uuid7())
    assert unknown.value.code == "artifact_not_found"

    artifact = await artifacts.put("a", b"x", content_type="text/plain")
    for each in files(folder):
        each.unlink()
    with pytest.raises(PermanentError, match="no longer in the storage") as gone:
        await artifacts.open(artifact.id)
    assert gone.value.code == "artifact_not_found"


async def test_a_received_file_is_its_tasks_once_that_is_submitted(
    installation: Installation, store: ArtifactStore
) -> None:
    task_id = uuid7()
    file = await store.receive(task_id, "cat.png", chunks(), content_type="image/png")
    with pytest.raises(PermanentError, match="there is no artifact"):
        await store.open(file.id)

    await installation.dispatch.submit(
        Submission("acme.resize", b'{"source":"cat"}', id=task_id, files=[file])
    )

    reader = await store.open(file.id)
    assert await reader.read() == CONTENT
    assert (reader.artifact.name, reader.artifact.size) == ("cat.png", len(CONTENT))


async def test_a_received_file_whose_task_is_refused_is_discarded(
    installation: Installation, store: ArtifactStore, folder: Path
) -> None:
    task_id = uuid7()
    file = await store.receive(task_id, "cat.png", b"x", content_type="image/png")
    with pytest.raises(InvalidInputError):
        await installation.dispatch.submit(
            Submission("acme.resize", b"{}", id=task_id, files=[file])
        )
    await store.discard(file)

    assert files(folder) == []
    assert await installation.dispatch.find(task_id) is None


async def test_a_file_that_the_ledger_has_is_not_discarded(
    installation: Installation, store: ArtifactStore
) -> None:
    # As after a commit whose answer was lost.
    task_id = uuid7()
    file = await store.receive(task_id, "cat.png", b"x", content_type="image/png")
    await installation.dispatch.submit(
        Submission("acme.resize", b'{"source":"cat"}', id=task_id, files=[file])
    )
    await store.discard(file)

    assert await (await store.open(file.id)).read() == b"x"


async def test_a_file_is_discarded_while_the_database_is_away(
    build: Build, folder: Path, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    away = build(database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{free_port}/none")
    store = ArtifactStore(ledger=away.ledger, storage=ObjectStorage(folder))
    task_id = uuid7()
    file = await store.receive(task_id, "cat.png", b"x", content_type="image/png")
    with pytest.raises(LedgerUnavailableError):
        await away.dispatch.submit(
            Submission("acme.resize", b'{"source":"cat"}', id=task_id, files=[file])
        )
    await store.discard(file)

    assert files(folder) == []
    assert str(file.id) in caplog.text


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]
