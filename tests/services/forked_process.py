"""Processes of ``penstock`` at a tenth of their cost: they have imported it before they start."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

# What the commands that serve would import first; plugins are not among it.
_IMPORTED = ["penstock.cli.api", "penstock.cli.worker", "penstock.worker.worker", "uvloop"]

_forkserver = multiprocessing.get_context("forkserver")
_forkserver.set_forkserver_preload(_IMPORTED)


class ForkedProcess:
    """``python -m penstock`` with ``arguments``, but for the second that its imports take.

    Args:
        arguments: of the command line.
        environment: all of it.
        folder: where it runs.
        log: what it prints goes there.
    """

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._process: ForkServerProcess = _forkserver.Process(
            target=_run, args=(arguments, environment, folder, log)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """The exit code, or the negative number of the signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one.

        Raises:
            TimeoutError: it still runs.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
    """Be what ``python -m penstock`` is after its imports."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    sys.argv = ["penstock", *arguments]
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    importlib.import_module("penstock.cli").main()
