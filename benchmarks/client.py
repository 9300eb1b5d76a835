"""The orchestrator's side of the protocol that every peer speaks (``peers/README.md``)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
import psutil

from benchmarks.peer import ROOT, Peer, command
from penstock.embedded.parent_death import dying_with_parent

_PATIENCE = 900.0
_Answer = TypeVar("_Answer")


class Enqueued(msgspec.Struct, kw_only=True):
    """How long it took until all tasks were accepted."""

    seconds: float
    counters: dict[str, float] = {}
    """What else the peer counted meanwhile, by name."""


class Progress(msgspec.Struct):
    done: int


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the tasks, by the peer's own word."""

    completed: int
    """Those whose result is kept, and is the right one."""
    failed: int
    waiting: int


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """One task for an idle worker: nanoseconds of a clock that client and worker share."""

    called: int
    returned: int
    """The peer had accepted it."""
    started: int
    """The first line of its handler."""


class PeerError(Exception):
    """A peer did not do what it was asked; says what, with the log's end."""


class Client:
    """A peer's client process; a context manager."""

    def __init__(self, peer: Peer, environment: Mapping[str, str], log: Path) -> None:
        self._peer = peer
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                dying_with_parent(command(self._peer.client)),
                cwd=ROOT,
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        process = self._running
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._running.pid)

    def prepare(self) -> None:
        """Connect, and make what an empty server must have."""
        self._ask("prepare", dict[str, Any])

    def versions(self) -> dict[str, str]:
        return self._ask("versions", dict[str, str])

    def enqueue_bulk(self, tasks: int) -> Enqueued:
        return self._ask("enqueue_bulk", Enqueued, tasks=tasks)

    def enqueue_by_callers(self, tasks: int, callers: int) -> Enqueued:
        return self._ask("enqueue_by_callers", Enqueued, tasks=tasks, callers=callers)

    def done(self) -> int:
        """How many tasks are finished; cheap enough to be asked often."""
        return self._ask("progress", Progress).done

    def count(self) -> Count:
        return self._ask("count", Count)

    def pick_up(self, times: int) -> list[Pickup]:
        return self._ask("pick_up", list[Pickup], times=times)

    def _ask(self, do: str, answer: type[_Answer], **parameters: int) -> _Answer:
        process = self._running
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the client was started without pipes")
        # Whoever hangs is ended, which ends the wait for its answer.
        watchdog = threading.Timer(_PATIENCE, process.kill)
        watchdog.start()
        try:
            process.stdin.write(json.dumps({"do": do, **parameters}) + "\n")
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        try:
            return msgspec.json.decode(line, type=answer)
        except msgspec.DecodeError as error:
            raise PeerError(
                f"{self._peer.title} did not answer {do!r} as expected ({error}): {line!r}\n"
                f"{tail(self._log)}"
            ) from error

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the client was not started: use `with`")
        return self._process


def tail(log: Path, lines: int = 30) -> str:
    """The end of a log."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
