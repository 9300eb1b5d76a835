"""A peer's worker processes, as its documentation starts them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec
import psutil

from benchmarks.client import PeerError, tail
from benchmarks.peer import ROOT, Peer, command
from penstock.embedded.parent_death import dying_with_parent

_PATIENCE = 60.0


class Workers:
    """``number`` worker processes; a context manager.

    Args:
        folder: for their logs, and for what they report when they end.
    """

    def __init__(
        self, peer: Peer, environment: Mapping[str, str], folder: Path, *, number: int = 1
    ) -> None:
        self._peer = peer
        self._environment = environment
        self._folder = folder
        self._number = number
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            for number in range(self._number):
                self._processes.append(self._start(number))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                # Its children would outlive it: not every peer has them die with their parent.
                for each in _family(process):
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
            process.wait()

    @property
    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(each.pid) for each in self._processes]

    @property
    def logs(self) -> str:
        """The ends of their logs."""
        return "\n".join(tail(self._log(number)) for number in range(self._number))

    def check(self) -> None:
        """Raises :class:`PeerError` if one of them has ended."""
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                raise PeerError(
                    f"a worker of {self._peer.title} ended with {process.returncode}. Its log:\n"
                    f"{tail(self._log(number))}"
                )

    def stop(self) -> dict[str, float]:
        """Let them finish what they run, and end; returns what they counted, added up."""
        self.check()
        for process in self._processes:
            process.terminate()
        for number, process in enumerate(self._processes):
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                raise PeerError(
                    f"a worker of {self._peer.title} did not end within {_PATIENCE:.0f} s of"
                    f" SIGTERM. Its log:\n{tail(self._log(number))}"
                ) from None
        counted: dict[str, float] = {}
        for number in range(self._number):
            with suppress(FileNotFoundError):
                report = msgspec.json.decode(
                    self._report(number).read_bytes(), type=dict[str, float]
                )
                for name, value in report.items():
                    counted[name] = counted.get(name, 0) + value
        return counted

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self._report(number).unlink(missing_ok=True)
        with self._log(number).open("wb") as log:
            return subprocess.Popen(
                dying_with_parent(command(self._peer.worker)),
                cwd=ROOT,
                env={**self._environment, "BENCH_REPORT": str(self._report(number))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _log(self, number: int) -> Path:
        return self._folder / f"{self._peer.name}-worker-{number}.log"

    def _report(self, number: int) -> Path:
        return self._folder / f"{self._peer.name}-worker-{number}.json"


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []
