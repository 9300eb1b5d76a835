"""A context outside of any worker: what a handler meets when a test calls it."""

import hashlib
import logging
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from structlog.testing import LogCapture

from penstock import Artifact, Context, DeclarationError, PermanentError, TaskType
from penstock.declarations import checkpoint


class PluginContext(Context):
    """Artifacts and checkpoints in memory, progress and log lines in lists.

    Args:
        task_type: the one whose handler is called.
        settings: what the operator has set, by type.
    """

    artifacts: "MemoryArtifacts"

    def __init__(self, task_type: TaskType[Any, Any], *settings: object, attempt: int = 1) -> None:
        self.task_id = uuid4()
        self.task_type = task_type.name
        self.queue = task_type.queue.name
        self.user_id = None
        self.attempt = attempt
        self.run = attempt
        self.artifacts = MemoryArtifacts()
        self.seen: list[tuple[float, str]] = []
        self.checkpoints: dict[str, str] = {}
        lines = LogCapture()
        self.lines = lines.entries
        self.log = structlog.wrap_logger(
            logging.getLogger("penstock.task"),
            processors=[lines],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        self._settings = {type(each): each for each in settings}

    async def progress(self, percent: float, message: str = "") -> None:
        self.seen.append((percent, message))

    async def save(self, name: str, value: object) -> None:
        self.checkpoints[name] = checkpoint.encode(name, value)

    async def load(self, name: str, kind: type[Any]) -> Any:
        checkpoint.check_name(name)
        if name not in self.checkpoints:
            return None
        return checkpoint.decode(name, self.checkpoints[name], kind, run=self.run)

    def settings(self, kind: type[Any]) -> Any:
        try:
            return self._settings[kind]
        except KeyError:
            raise DeclarationError(f"no settings of type {kind!r} in this test") from None


class MemoryArtifacts:
    """The files of a test; ``files`` has each with its bytes."""

    def __init__(self) -> None:
        self.files: dict[UUID, tuple[Artifact, bytes]] = {}

    async def put(
        self, name: str, data: bytes | Path | AsyncIterable[bytes], *, content_type: str
    ) -> Artifact:
        if isinstance(data, Path):
            content = data.read_bytes()  # noqa: ASYNC240  (a test's small file)
        elif isinstance(data, bytes):
            content = data
        else:
            content = b"".join([chunk async for chunk in data])
        artifact = Artifact(
            id=uuid4(),
            name=name,
            content_type=content_type,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        self.files[artifact.id] = (artifact, content)
        return artifact

    async def open(self, artifact_id: UUID) -> "MemoryReader":
        if artifact_id not in self.files:
            raise PermanentError(f"there is no artifact {artifact_id}", code="artifact_not_found")
        return MemoryReader(*self.files[artifact_id])

    def bytes_of(self, artifact: Artifact) -> bytes:
        return self.files[artifact.id][1]


class MemoryReader:
    def __init__(self, artifact: Artifact, content: bytes) -> None:
        self.artifact = artifact
        self._content = content

    async def read(self) -> bytes:
        return self._content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 65_536):
            yield self._content[start : start + 65_536]
