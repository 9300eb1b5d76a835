"""The context of a handler in its process: every question goes to the worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec

from penstock.clipping import clipped
from penstock.declarations import (
    Address,
    Artifact,
    Interruption,
    Priority,
    SyncContext,
    TaskType,
    checkpoint,
    checks,
    child,
)
from penstock.declarations.secret import hide_secrets
from penstock.processes import frames
from penstock.processes.channel import Call, Channel, value_of
from penstock.processes.interrupts import Interrupts

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

S = TypeVar("S")


class ProcessContext(SyncContext):
    """:class:`~penstock.declarations.SyncContext` over the socket to the worker."""

    def __init__(self, run: frames.Run, channel: Channel, interrupts: Interrupts) -> None:
        self.task_id = run.task_id
        self.task_type = run.task_type
        self.queue = run.queue
        self.user_id = run.user_id
        self.provider = run.provider
        self.attempt = run.attempt
        self.run = run.run
        self.artifacts = ProcessArtifacts(channel)
        self._channel = channel
        self._interrupts = interrupts

    def progress(self, percent: float, message: str = "") -> None:
        """See :meth:`penstock.declarations.SyncContext.progress`."""
        text = clipped(str(message), self._channel.limits.progress_message)
        self._channel.send_if_free(frames.Progress(float(percent), text))

    def delta(self, text: str) -> None:
        """See :meth:`penstock.declarations.SyncContext.delta`."""
        # Half of a pair of surrogates has no place in a frame, nor has a text without end.
        whole = text.encode("utf-8", "replace").decode()
        for start in range(0, len(whole), frames.CHUNK):
            self._channel.send(frames.Delta(whole[start : start + frames.CHUNK]))

    def save(self, name: str, value: object) -> None:
        """See :meth:`penstock.declarations.SyncContext.save`."""
        data = checkpoint.encode(name, value, most=self._channel.limits.checkpoint).encode()
        with self._channel.call() as call:
            call.ask(frames.Save(call.number, name, data))

    def load(self, name: str, kind: type[S]) -> S | None:
        """See :meth:`penstock.declarations.SyncContext.load`."""
        checkpoint.check_name(name)
        with self._channel.call() as call:
            data = call.ask(frames.Load(call.number, name))
        return None if data is None else checkpoint.decode(name, msgspec.convert(data, bytes), kind)

    def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (as in the base)
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID:
        """See :meth:`penstock.declarations.SyncContext.enqueue`."""
        child.check(name, priority=priority, delay=delay, user_id=user_id)
        type_name, data = child.encode(name, task_type, input)
        with self._channel.call() as call:
            enqueue = frames.Enqueue(
                number=call.number,
                name=name,
                task_type=type_name,
                input=data,
                priority=priority,
                delay=delay,
                user_id=user_id,
            )
            return msgspec.convert(call.ask(enqueue), UUID)

    def charge(self, units: int) -> None:
        """See :meth:`penstock.declarations.SyncContext.charge`."""
        checks.at_least_zero(units, of="the units that a run has used")
        self._channel.send(frames.Charge(units))

    @property
    def interruption(self) -> Interruption | None:
        """See :attr:`penstock.declarations.SyncContext.interruption`."""
        return self._interrupts.interruption

    def settings(self, kind: type[S]) -> S:
        """See :meth:`penstock.declarations.SyncContext.settings`."""
        with self._channel.call() as call:
            data = call.ask(frames.GetSettings(call.number, Address.of(kind)))
        return hide_secrets(msgspec.msgpack.decode(msgspec.convert(data, bytes), type=kind))

    @cached_property
    def log(self) -> BoundLogger:  # type: ignore[override]  # an attribute, made when it is used
        """See :class:`penstock.declarations.SyncContext`."""
        # Imported by a handler that writes lines; it takes as long as the start of the process.
        from penstock.processes.task_log import task_log  # noqa: PLC0415

        return task_log(self._channel)


class ProcessArtifacts:
    """:class:`~penstock.declarations.SyncArtifacts` over the socket, a chunk at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put(
        self, name: str, data: bytes | Path | Iterable[bytes], *, content_type: str
    ) -> Artifact:
        """See :meth:`penstock.declarations.SyncArtifacts.put`."""
        path = str(data.absolute()) if isinstance(data, Path) else None
        chunks = iter(()) if isinstance(data, Path) else _chunks(data)
        with self._channel.call() as call:
            put = frames.Put(number=call.number, name=name, content_type=content_type, path=path)
            self._channel.send(put)
            while isinstance(answer := call.next(), frames.Want):
                self._channel.send(frames.Give(call.number, next(chunks, None)))
            return msgspec.convert(value_of(answer), Artifact)

    def open(self, artifact_id: UUID) -> ProcessReader:
        """See :meth:`penstock.declarations.SyncArtifacts.open`."""
        with self._channel.call() as call:
            artifact = call.ask(frames.Open(call.number, artifact_id))
        return ProcessReader(self._channel, msgspec.convert(artifact, Artifact), call)


class ProcessReader:
    """:class:`~penstock.declarations.SyncArtifactReader` over the socket."""

    def __init__(self, channel: Channel, artifact: Artifact, opened: Call) -> None:
        self.artifact = artifact
        self._channel = channel
        self._opened = opened.number

    def read(self) -> bytes:
        """All of its bytes."""
        return b"".join(self)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._channel.call() as call:
                chunk = call.ask(frames.Read(call.number, self._opened))
            if chunk is None:
                return
            yield msgspec.convert(chunk, bytes)


def _chunks(data: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that fit a frame, however large the given ones are."""
    for piece in (data,) if isinstance(data, bytes) else data:
        view = memoryview(piece)
        for start in range(0, len(view), frames.CHUNK):
            yield bytes(view[start : start + frames.CHUNK])
