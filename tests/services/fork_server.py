"""Processes of ``penstock`` at a tenth of their cost: they have imported it before they start."""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROGRAM = Path(__file__).with_name("fork_server_program.py")


class ForkedProcess:
    """A process of its own, as a `subprocess.Popen` is, from fork to exit code."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None
        self._has_ended = threading.Event()

    def poll(self) -> int | None:
        """The exit code, or the negative number of the signal; None while it runs."""
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one.

        Raises:
            TimeoutError: it still runs.
        """
        if not self._has_ended.wait(timeout):
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        assert self._status is not None
        return self._status

    def send_signal(self, number: int) -> None:
        if self._status is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self, status: int) -> None:
        """What its parent was told of its end."""
        self._status = status
        self._has_ended.set()


class ForkServer:
    """A process that has imported Penstock, no plugin, and forks for each command.

    What it starts differs from ``python -m penstock`` in nothing but the second that the imports
    take. If the tests end, so do all of its children.
    """

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._answers = self._channel.makefile("rb")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._lock = threading.Lock()
        self._started = threading.Semaphore(0)
        self._last: ForkedProcess | None = None
        self._children: dict[int, ForkedProcess] = {}
        threading.Thread(target=self._listen, name="fork-server", daemon=True).start()

    def start(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> ForkedProcess:
        """Start ``penstock`` with ``arguments`` in ``folder``; what it prints goes to ``log``."""
        order = {
            "arguments": arguments,
            "environment": environment,
            "folder": str(folder),
            "log": str(log),
        }
        with self._lock:
            self._channel.sendall(json.dumps(order).encode() + b"\n")
            self._started.acquire()
            if self._last is None:
                raise RuntimeError("the fork server has ended: see its traceback above")
            return self._last

    def stop(self) -> None:
        self._channel.shutdown(socket.SHUT_RDWR)
        self._process.wait(30)
        self._channel.close()

    def _listen(self) -> None:
        for line in self._answers:
            answer = json.loads(line)
            pid = answer["pid"]
            if "status" in answer:
                self._children.pop(pid).end(answer["status"])
            else:
                self._last = self._children[pid] = ForkedProcess(pid)
                self._started.release()
        self._last = None
        self._started.release()
        for each in self._children.values():
            each.end(-signal.SIGKILL)


@functools.cache
def fork_server() -> ForkServer:
    """The one of this process, which ends with it."""
    server = ForkServer()
    atexit.register(server.stop)
    return server
