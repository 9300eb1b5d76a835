"""Contexts outside of any worker: what a handler meets when a test calls it."""

import hashlib
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from structlog.stdlib import BoundLogger
from structlog.testing import LogCapture

from penstock import (
    Artifact,
    Context,
    DeclarationError,
    Interruption,
    PermanentError,
    SyncContext,
    TaskType,
)
from penstock.declarations import checkpoint, child
from penstock.testing.harness import declared_providers

_CHUNK = 65_536


class Child(NamedTuple):
    """What a handler enqueued; ``input`` is JSON."""

    id: UUID
    name: str
    type: str
    input: bytes
    terms: dict[str, Any]


class _Seen:
    """What both remember: progress, log lines and children in lists, text, checkpoints as JSON.

    Args:
        task_type: the one whose handler is called.
        settings: what the operator has set, by type.
    """

    interruption: Interruption | None = None
    log: BoundLogger

    def __init__(self, task_type: TaskType[Any, Any], *settings: object, attempt: int = 1) -> None:
        self.task_id = uuid4()
        self.task_type = task_type.name
        self.queue = task_type.queue.name
        self.user_id: str | None = None
        self.provider: str | None = None
        self.charged: list[int] = []
        self.attempt = attempt
        self.run = attempt
        self.seen: list[tuple[float, str]] = []
        self.text = ""
        self.checkpoints: dict[str, str] = {}
        self.children: list[Child] = []
        lines = LogCapture()
        self.lines = lines.entries
        self.log = structlog.wrap_logger(
            logging.getLogger("penstock.task"),
            processors=[lines],
            wrapper_class=BoundLogger,
        )
        self._settings = {type(each): each for each in settings}

    def providers(self, kind: type[Any]) -> Any:
        return [each for each in declared_providers() if isinstance(each, kind)]

    def settings(self, kind: type[Any]) -> Any:
        try:
            return self._settings[kind]
        except KeyError:
            raise DeclarationError(f"no settings of type {kind!r} in this test") from None

    def _kept(self, name: str, kind: type[Any]) -> Any:
        checkpoint.check_name(name)
        if name not in self.checkpoints:
            return None
        return checkpoint.decode(name, self.checkpoints[name], kind)

    def _enqueued(
        self, name: str, task_type: TaskType[Any, Any] | str, value: object, terms: dict[str, Any]
    ) -> UUID:
        type_name, data = child.encode(name, task_type, value)
        self.children.append(Child(uuid4(), name, type_name, data, terms))
        return self.children[-1].id


class PluginContext(_Seen, Context):
    """For an ``async def`` handler; artifacts in memory."""

    artifacts: "MemoryArtifacts"

    def __init__(self, task_type: TaskType[Any, Any], *settings: object, attempt: int = 1) -> None:
        super().__init__(task_type, *settings, attempt=attempt)
        self.artifacts = MemoryArtifacts()

    async def progress(self, percent: float, message: str = "") -> None:
        self.seen.append((percent, message))

    async def delta(self, text: str) -> None:
        self.text += text

    async def charge(self, units: int) -> None:
        self.charged.append(units)

    async def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (as in the base)
        **terms: Any,
    ) -> UUID:
        return self._enqueued(name, task_type, input, terms)

    async def save(self, name: str, value: object) -> None:
        self.checkpoints[name] = checkpoint.encode(name, value)

    async def load(self, name: str, kind: type[Any]) -> Any:
        return self._kept(name, kind)


class SyncPluginContext(_Seen, SyncContext):
    """For a ``def`` handler; artifacts in memory."""

    artifacts: "SyncMemoryArtifacts"

    def __init__(self, task_type: TaskType[Any, Any], *settings: object, attempt: int = 1) -> None:
        super().__init__(task_type, *settings, attempt=attempt)
        self.artifacts = SyncMemoryArtifacts()

    def progress(self, percent: float, message: str = "") -> None:
        self.seen.append((percent, message))

    def delta(self, text: str) -> None:
        self.text += text

    def charge(self, units: int) -> None:
        self.charged.append(units)

    def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (as in the base)
        **terms: Any,
    ) -> UUID:
        return self._enqueued(name, task_type, input, terms)

    def save(self, name: str, value: object) -> None:
        self.checkpoints[name] = checkpoint.encode(name, value)

    def load(self, name: str, kind: type[Any]) -> Any:
        return self._kept(name, kind)


class _Files:
    """The files of a test; ``files`` has each with its bytes."""

    def __init__(self) -> None:
        self.files: dict[UUID, tuple[Artifact, bytes]] = {}

    def bytes_of(self, artifact: Artifact) -> bytes:
        return self.files[artifact.id][1]

    def _keep(self, name: str, content: bytes, content_type: str) -> Artifact:
        artifact = Artifact(
            id=uuid4(),
            name=name,
            content_type=content_type,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        self.files[artifact.id] = (artifact, content)
        return artifact

    def _find(self, artifact_id: UUID) -> tuple[Artifact, bytes]:
        if artifact_id not in self.files:
            raise PermanentError(f"there is no artifact {artifact_id}", code="artifact_not_found")
        return self.files[artifact_id]


class MemoryArtifacts(_Files):
    async def put(
        self, name: str, data: bytes | Path | AsyncIterable[bytes], *, content_type: str
    ) -> Artifact:
        if isinstance(data, Path):
            content = data.read_bytes()  # noqa: ASYNC240  (a test's small file)
        elif isinstance(data, bytes):
            content = data
        else:
            content = b"".join([chunk async for chunk in data])
        return self._keep(name, content, content_type)

    async def open(self, artifact_id: UUID) -> "MemoryReader":
        return MemoryReader(*self._find(artifact_id))


class SyncMemoryArtifacts(_Files):
    def put(
        self, name: str, data: bytes | Path | Iterable[bytes], *, content_type: str
    ) -> Artifact:
        if isinstance(data, Path):
            content = data.read_bytes()
        elif isinstance(data, bytes):
            content = data
        else:
            content = b"".join(data)
        return self._keep(name, content, content_type)

    def open(self, artifact_id: UUID) -> "SyncMemoryReader":
        return SyncMemoryReader(*self._find(artifact_id))


class MemoryReader:
    def __init__(self, artifact: Artifact, content: bytes) -> None:
        self.artifact = artifact
        self._content = content

    async def read(self) -> bytes:
        return self._content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), _CHUNK):
            yield self._content[start : start + _CHUNK]


class SyncMemoryReader:
    def __init__(self, artifact: Artifact, content: bytes) -> None:
        self.artifact = artifact
        self._content = content

    def read(self) -> bytes:
        return self._content

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), _CHUNK):
            yield self._content[start : start + _CHUNK]
