"""What is counted while something happens: time, and CPU time per process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec
import psutil

Processes = Mapping[str, Sequence[psutil.Process]]


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of ``tasks`` tasks."""

    tasks: int
    seconds: float
    cpu_seconds: dict[str, float]
    """By the name of the process, with its children."""
    counters: dict[str, float] = {}
    """Per task: what the peer counted itself."""

    @property
    def per_second(self) -> float:
        return self.tasks / self.seconds

    @property
    def cpu_microseconds(self) -> dict[str, float]:
        """Per task, by the name of the process."""
        return {name: used / self.tasks * 1e6 for name, used in self.cpu_seconds.items()}


class Watch:
    """Time, and the CPU time of processes, since it was made."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._cpu = self._look()
        self._start = time.perf_counter()

    def stop(self) -> tuple[float, dict[str, float]]:
        """The seconds that passed, and the CPU seconds that each kind of process used."""
        seconds = time.perf_counter() - self._start
        return seconds, {name: used - self._cpu[name] for name, used in self._look().items()}

    def _look(self) -> dict[str, float]:
        return {
            name: sum(cpu_seconds(each) for each in group)
            for name, group in self._processes.items()
        }


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time of a process and of all its children, living and dead."""
    times = process.cpu_times()
    used = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        # One that ends just now is counted with the next look, by its parent.
        with suppress(psutil.NoSuchProcess):
            of_child = child.cpu_times()
            used += of_child.user + of_child.system
    return float(used)
