"""Starting, releasing and stopping the measured worker."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec
import psutil

from benchmarks.measures import Counters
from penstock.embedded.parent_death import dying_with_parent

_START_PATIENCE = 60.0
_STOP_PATIENCE = 60.0


class WorkerHandle:
    """A worker process; an asynchronous context manager.

    On entering it is connected and waits for :meth:`go`.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        concurrency: int,
        folder: Path,
        profile: Path | None = None,
    ) -> None:
        self._environment = {**os.environ, **environment}
        self._log = folder / "worker.log"
        self._report = folder / "worker.json"
        self._arguments = [str(concurrency), str(self._report), str(profile or "")]
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.worker_process", *self._arguments]
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *dying_with_parent(command),
                env=self._environment,
                stderr=log,
                stdin=PIPE,
                stdout=PIPE,
            )
        try:
            async with asyncio.timeout(_START_PATIENCE):
                said = await self._pipe().readline()
        except BaseException:
            await self._end()
            raise
        if said != b"ready\n":
            await self._end()
            raise RuntimeError(f"the worker did not start. Its log:\n{self._log.read_text()}")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._end()

    def go(self) -> None:
        """Let it claim tasks."""
        stdin = self._running().stdin
        if stdin is not None:
            stdin.write(b"go\n")

    def psutil(self) -> psutil.Process:
        """The process, to be watched."""
        return psutil.Process(self._running().pid)

    async def stop(self) -> Counters:
        """Let it drain and end; returns what it sent between :meth:`go` and its end."""
        process = self._running()
        process.terminate()
        async with asyncio.timeout(_STOP_PATIENCE):
            code = await process.wait()
        if code:
            raise RuntimeError(f"the worker ended with {code}. Its log:\n{self._log.read_text()}")
        return msgspec.json.decode(self._report.read_bytes(), type=Counters)

    async def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the worker was not started: use `async with`")
        return self._process

    def _pipe(self) -> asyncio.StreamReader:
        stdout = self._running().stdout
        if stdout is None:
            raise RuntimeError("the worker was started without a pipe")
        return stdout
