"""A process that runs handlers, as its worker holds it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO

import msgspec

from penstock.processes import frames
from penstock.processes.exits import exit_code_in_words
from penstock.processes.size_limits import SizeLimits

_BLOCKED = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
_READ_AHEAD = 1024 * 1024
_MAX_TRACEBACK = 20_000


class ConnectionLostError(Exception):
    """The process has ended, or closed its socket."""


class ChildProcess:
    """Started by :meth:`start`, told and asked by frames, and gone after :meth:`end`.

    It is the leader of a process group of its own, which dies with it: a program that a handler
    started does not outlive the handler that was killed. So do its temporary files.

    Attributes:
        is_fresh: whether it has run nothing yet.
        interrupted: whether it was told to stop what it runs.
        overdue: whether it was killed because its run took too long.
        idle_end: what ends it when nothing comes to run.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], folder: str, crash_file: IO[bytes]
    ) -> None:
        self.is_fresh = True
        self.interrupted = False
        self.overdue = False
        self.idle_end: asyncio.TimerHandle | None = None
        self._process = process
        self._folder = folder
        self._crash_file = crash_file
        self._signalling = threading.Lock()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, limits: SizeLimits) -> ChildProcess:
        """Start a process, whose handlers have these limits; whoever calls this ends it."""
        ours, theirs = socket.socketpair()
        crash_file = tempfile.TemporaryFile()  # noqa: SIM115  (it is closed by end())
        folder = tempfile.mkdtemp(prefix="penstock-process-")
        try:
            with theirs:
                process = _spawn(theirs.fileno(), crash_file.fileno(), folder)
            child = cls(process, folder, crash_file)
        except BaseException:
            ours.close()
            crash_file.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            child._reader, child._writer = await asyncio.open_unix_connection(
                sock=ours, limit=_READ_AHEAD
            )
        except BaseException:
            ours.close()
            await child._gone()
            raise
        child.send(frames.Hello(sys.path, limits))
        return child

    # -- talking ---------------------------------------------------------------------------------

    def send(self, frame: msgspec.Struct) -> None:
        """Send a frame; if the process has ended, reading says so."""
        self._writer.write(frames.encode(frame))

    async def receive(self) -> frames.FromProcess:
        """The next frame.

        Raises:
            ConnectionLostError: there is none, and will be none.
        """
        try:
            (length,) = frames.HEADER.unpack(await self._reader.readexactly(frames.HEADER.size))
            if length > frames.MAX_LENGTH:
                raise ConnectionLostError
            return frames.decode_from_process(await self._reader.readexactly(length))
        # A handler that writes into the socket of its process talks nonsense.
        except (asyncio.IncompleteReadError, OSError, msgspec.MsgspecError) as error:
            raise ConnectionLostError from error

    # -- ending ----------------------------------------------------------------------------------

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        with self._signalling:
            return self._process.poll() is None

    def kill(self) -> None:
        """End it now, with whatever it started; from any thread."""
        # Under the lock nobody reaps it, so that its id cannot be another process' meanwhile.
        with self._signalling:
            if self._process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def kill_overdue(self) -> None:
        """As :meth:`kill`, because its run took too long."""
        self.overdue = True
        self.kill()

    async def end(self, *, grace: float = 0.0) -> None:
        """Return once it is gone, and nothing of it is left.

        Args:
            grace: seconds that it gets to end by itself, if it is idle.
        """
        self._writer.close()
        if grace:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._exited()
        await self._gone()

    async def crash(self) -> tuple[str, str]:
        """What it died of, once the connection is lost, and its traceback, if it left one."""
        # Kills what else there is of its group. It does not change what a process that is about
        # to end ends with; and one that merely closed its socket is of no more use.
        self.kill()
        code = await self._exited()
        self._crash_file.seek(0)
        text = self._crash_file.read(_MAX_TRACEBACK).decode(errors="replace")
        return exit_code_in_words(code), text

    async def _gone(self) -> None:
        self.kill()
        await self._exited()
        self._crash_file.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _exited(self) -> int:
        """Wait for its exit code."""
        # Asked for, and not waited for in a thread or by SIGCHLD: it is about to end whenever this
        # is called, and the ways of being told differ between event loops and systems.
        pause = _FIRST_PAUSE
        while self.is_alive:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return self._process.returncode


def _spawn(connection: int, crash_file: int, folder: str) -> subprocess.Popen[bytes]:
    """Start the program. It is not forked: a copy of a process with threads may hold any lock."""
    # -P: the working directory may hold modules that are not meant, and the worker's path follows.
    command = [sys.executable, "-P", "-m", "penstock.processes.child"]
    arguments = [str(connection), str(crash_file), str(os.getpid())]
    # Blocked until the process can ignore them: a service manager may signal it while it starts.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        return subprocess.Popen(  # noqa: S603  (our own program)
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=(connection, crash_file),
            process_group=0,
            env={**os.environ, "TMPDIR": folder},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
