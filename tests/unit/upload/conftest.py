"""A stored file, and the handler called with it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from penstock_upload.description import Upload
from penstock_upload.finding import Finding
from penstock_upload.inspection import inspect_file
from penstock_upload.process import process
from penstock_upload.request import UploadInput
from penstock_upload.settings import UploadSettings
from tests.services.plugin_context import SyncPluginContext


class Processed(NamedTuple):
    result: Upload
    run: SyncPluginContext

    @property
    def thumbnail(self) -> Image.Image:
        assert self.result.thumbnail
        return Image.open(BytesIO(self.run.artifacts.bytes_of(self.result.thumbnail)))


@pytest.fixture
def upload() -> Callable[..., Processed]:
    """Store a file as the API does, and process it."""

    def store_and_process(
        data: bytes,
        name: str = "file.bin",
        content_type: str = "application/octet-stream",
        **settings: Any,
    ) -> Processed:
        run = SyncPluginContext(process, UploadSettings(**settings))
        stored = run.artifacts.put(name, data, content_type=content_type)
        return Processed(process(UploadInput(file=stored.id), run), run)

    return store_and_process


@pytest.fixture
def inspect(tmp_path: Path) -> Callable[..., Finding]:
    """Have a file decoded, right here."""

    def write_and_inspect(data: bytes, **settings: Any) -> Finding:
        path = tmp_path / "file"
        path.write_bytes(data)
        return inspect_file(path, len(data), UploadSettings(**settings))

    return write_and_inspect
