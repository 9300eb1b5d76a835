"""How much longer everything takes because this machine is busy, with this run or with others."""

from __future__ import annotations

import hashlib
import threading
import time

from tests.chaos.evidence import Slowness

_INTERVAL = 0.5
# Some 10 ms of work, for which Python lets its other threads go on.
_WORK = bytes(8 * 1024 * 1024)


class SlownessWatch:
    """Measures now and then how long a little work takes, beside what it takes of a processor."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="slowness", daemon=True)
        self.found: list[Slowness] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Return once the last measurement is over."""
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(_INTERVAL):
            began, work = time.perf_counter(), time.thread_time()
            hashlib.blake2b(_WORK).digest()
            took, work = time.perf_counter() - began, time.thread_time() - work
            self.found.append(Slowness(at=time.time_ns(), factor=max(1.0, took / work)))
