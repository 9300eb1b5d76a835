"""A stored file, and the handler run with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from PIL import Image

from penstock.testing import Harness
from penstock_upload.description import Upload
from penstock_upload.finding import Finding
from penstock_upload.inspection import inspect_file
from penstock_upload.process import process
from penstock_upload.request import UploadInput
from penstock_upload.settings import UploadSettings


class Processed(NamedTuple):
    """A finished task.

    Attributes:
        result: what the handler returned.
        files: the bytes of what it stored, by the ids of the artifacts.
    """

    result: Upload
    files: dict[UUID, bytes]

    @property
    def thumbnail(self) -> Image.Image:
        assert self.result.thumbnail
        return Image.open(BytesIO(self.files[self.result.thumbnail.id]))


@pytest.fixture
async def inline() -> AsyncIterator[Harness]:
    """Runs the handler in a thread, which starts at once."""
    async with Harness(inline=True) as harness:
        yield harness


@pytest.fixture
def upload() -> Callable[..., Processed]:
    """Store a file as the API does, and process it."""

    async def store_and_process(
        data: bytes, name: str, content_type: str, settings: UploadSettings
    ) -> Processed:
        async with Harness(inline=True) as harness:
            harness.settings(settings)
            stored = await harness.put(name, data, content_type=content_type)
            run = await harness.start(process, UploadInput(file=stored.id))
            files = {each.id: await harness.bytes_of(each) for each in run.artifacts}
            return Processed(run.output, files)

    def run(
        data: bytes,
        name: str = "file.bin",
        content_type: str = "application/octet-stream",
        **settings: Any,
    ) -> Processed:
        return asyncio.run(store_and_process(data, name, content_type, UploadSettings(**settings)))

    return run


@pytest.fixture
def inspect(tmp_path: Path) -> Callable[..., Finding]:
    """Have a file decoded, right here."""

    def write_and_inspect(data: bytes, **settings: Any) -> Finding:
        path = tmp_path / "file"
        path.write_bytes(data)
        return inspect_file(path, len(data), UploadSettings(**settings))

    return write_and_inspect
