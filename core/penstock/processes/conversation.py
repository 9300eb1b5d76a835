"""The worker's side of one run in a process: what the handler says, asks for, and comes to."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from penstock.declarations import Address, ArtifactReader, Context, DeclarationError
from penstock.declarations.secret import reveal
from penstock.processes import frames
from penstock.processes.child_process import ChildProcess, ConnectionLostError
from penstock.processes.error_report import ErrorReport, HandlerError
from penstock.processes.exits import CRASHED

_START_PATIENCE = 60.0
_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
_log = logging.getLogger(__name__)


class OverdueError(Exception):
    """The process was killed because its run took too long, though nobody told it to stop."""


class LostBeforeStartError(HandlerError):
    """The process had run others, and was gone before it called the handler of this run."""


class Conversation:
    """One run of a handler.

    Args:
        process: an idle one.
        context: whose methods answer the handler's questions.
        on_start: called when the handler is about to be called.
    """

    def __init__(
        self, process: ChildProcess, context: Context, *, on_start: Callable[[], object]
    ) -> None:
        self._process = process
        self._context = context
        self._on_start = on_start
        self._has_started = False
        self._answering: set[asyncio.Task[None]] = set()
        self._wanted: dict[int, asyncio.Queue[bytes | None]] = {}
        self._opened: dict[int, AsyncIterator[bytes]] = {}
        self.is_last = True
        """Whether the process must not be used again."""

    async def hold(self, run: frames.Run) -> msgspec.Raw:
        """Have the handler run, and return its output as JSON.

        Raises:
            HandlerError: it failed, or its process did.
            LostBeforeStartError: so another process may be tried.
            OverdueError: it was killed for taking too long.
        """
        try:
            self._process.send(run)
            await self._start(run)
            while not isinstance(frame := await self._process.receive(), frames.Succeeded):
                await self._take(frame)
        except ConnectionLostError:
            raise await self._crashed() from None
        finally:
            for task in self._answering:
                task.cancel()
            if self._answering:
                await asyncio.wait(self._answering)
        self._process.is_fresh = False
        self.is_last = frame.is_last
        return msgspec.Raw(frame.result)

    async def _start(self, run: frames.Run) -> None:
        """Wait until the process has found the handler, which imports its module."""
        try:
            async with asyncio.timeout(_START_PATIENCE):
                while not isinstance(frame := await self._process.receive(), frames.Started):
                    await self._take(frame)
        except TimeoutError:
            message = (
                f"the process of task type {run.task_type!r} did not get to calling its handler "
                f"within {_START_PATIENCE:.0f} s; look at what {run.handler.module!r} imports"
            )
            raise HandlerError(ErrorReport(type_name="", message=message, code=CRASHED)) from None
        self._has_started = True
        self._on_start()

    async def _take(self, frame: frames.FromProcess) -> None:
        match frame:
            case frames.Failed():
                self._process.is_fresh = False
                self.is_last = frame.is_last
                raise HandlerError(frame.error)
            case frames.LogLine():
                self._write(frame)
            case frames.Give(number, chunk):
                if number in self._wanted:
                    self._wanted[number].put_nowait(chunk)
            case frames.Progress(percent, message):
                await self._context.progress(percent, message)
            case frames.Delta(text):
                await self._context.delta(text)
            case frames.Charge(units):
                await self._context.charge(units)
            case frames.Started() | frames.Succeeded():
                raise ConnectionLostError
            case request:
                # Beside each other: while one is waited for, the handler is still heard.
                task = asyncio.create_task(self._answer(request))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    async def _answer(self, frame: frames.Request) -> None:
        try:
            reply = frames.Reply(number=frame.number, value=await self._value(frame))
        except Exception as error:  # noqa: BLE001  (whatever it is, the handler asked for it)
            reply = frames.Reply(number=frame.number, error=ErrorReport.of(error))
        self._process.send(reply)

    async def _value(self, frame: frames.Request) -> object:
        context = self._context
        match frame:
            case frames.Save(_, name, data):
                await context.save(name, msgspec.Raw(data))
                return None
            case frames.Load(_, name):
                found = await context.load(name, msgspec.Raw)
                return None if found is None else bytes(found)
            case frames.Enqueue():
                return await context.enqueue(
                    frame.name,
                    frame.task_type,
                    msgspec.Raw(frame.input),
                    priority=frame.priority,
                    delay=frame.delay,
                    user_id=frame.user_id,
                )
            case frames.GetSettings(_, kind):
                settings = context.settings(_loaded(kind))
                return msgspec.msgpack.encode(settings, enc_hook=reveal)
            case of_a_file:
                return await self._file(of_a_file)

    async def _file(self, frame: frames.Put | frames.Open | frames.Read) -> object:
        match frame:
            case frames.Put():
                return await self._put(frame)
            case frames.Open(number, artifact_id):
                reader: ArtifactReader = await self._context.artifacts.open(artifact_id)
                self._opened[number] = aiter(reader)
                return reader.artifact
            case frames.Read(_, opened):
                return await anext(self._opened[opened], None)

    async def _put(self, put: frames.Put) -> object:
        data: Path | AsyncIterator[bytes]
        data = self._pulled(put.number) if put.path is None else Path(put.path)
        try:
            return await self._context.artifacts.put(put.name, data, content_type=put.content_type)
        finally:
            self._wanted.pop(put.number, None)

    async def _pulled(self, number: int) -> AsyncIterator[bytes]:
        """A file's chunks, each asked for when it is needed, so that no memory holds two."""
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._wanted[number] = chunks
        while True:
            self._process.send(frames.Want(number))
            chunk = await chunks.get()
            if chunk is None:
                return
            yield chunk

    def _write(self, line: frames.LogLine) -> None:
        context = self._context
        log = context.log
        if line.logger is not None:
            log = structlog.stdlib.get_logger(line.logger).bind(
                task_id=str(context.task_id), task_type=context.task_type, attempt=context.attempt
            )
        level = next((each for each in _LEVELS if line.level >= each), logging.DEBUG)
        log.bind(**line.fields).log(level, line.event)

    async def _crashed(self) -> Exception:
        what, trace = await self._process.crash()
        if self._process.overdue:
            return OverdueError()
        if self._process.interrupted:
            what = "its process was killed, as its handler did not stop when it was told to"
        report = ErrorReport(type_name="", message=what, traceback=trace, code=CRASHED)
        if self._has_started or self._process.is_fresh:
            return HandlerError(report)
        return LostBeforeStartError(report)


def _loaded(kind: Address) -> type[Any]:
    """The type of that address, which this process has loaded if it has settings of it."""
    found: Any = sys.modules.get(kind.module)
    for name in kind.name.split("."):
        found = getattr(found, name, None)
    if not isinstance(found, type):
        message = (
            f"no loaded plugin declares settings of type {kind.name}; return it from the hook "
            "penstock_settings"
        )
        raise DeclarationError(message)
    return found
