"""One process of ``penstock dev``, with its output passed through line by line."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from penstock.embedded.parent_death import dying_with_parent

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20


class Child:
    """A process that is started, watched and stopped by its supervisor.

    Args:
        name: what people call it; stands in front of each of its lines.
        command: the program and its arguments.
        environ: its whole environment.
        write: called with each line of its output (both streams), without the line's end.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        write: Callable[[str, str], None],
    ) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self._write = write
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; on Linux it is told to stop when this process dies."""
        self._process = await asyncio.create_subprocess_exec(
            *dying_with_parent(self._command),
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C in a terminal reaches a whole process group; the supervisor decides who
            # stops when.
            process_group=0,
        )
        self._relay = asyncio.create_task(self._pass_on(self._process))

    async def wait(self) -> int:
        """Wait for its end and for its last line; the exit code, or minus the signal's number."""
        if self._process is None or self._relay is None:
            raise RuntimeError(f"the process {self.name!r} was never started")
        code = await self._process.wait()
        # A grandchild that lives on may hold the pipe open: its lines are not waited for.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._relay), timeout=1)
        return code

    async def stop(self, grace: timedelta, hurry: asyncio.Event) -> None:
        """Ask it to end, and wait; kill it when ``grace`` is over or ``hurry`` is set."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            await self._ended(grace, hurry)
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
            await self._process.wait()
        await self.wait()
        if self._relay is not None:
            self._relay.cancel()

    async def _ended(self, grace: timedelta, hurry: asyncio.Event) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        waits = [
            asyncio.create_task(self._process.wait()),
            asyncio.create_task(hurry.wait()),
        ]
        await asyncio.wait(
            waits, timeout=grace.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        for each in waits:
            each.cancel()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _pass_on(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        rest = b""
        while chunk := await process.stdout.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._write(self.name, line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._write(self.name, rest.decode(errors="replace"))


def penstock(*arguments: str) -> list[str]:
    """The command line of another ``penstock`` by the interpreter of this one."""
    return [sys.executable, "-m", "penstock", *arguments]
