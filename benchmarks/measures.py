"""What is counted while something happens: time, CPU time per process, statements, round trips."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from penstock.app import Application


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What one process of Penstock sent to its servers."""

    statements: int
    """SQL statements; the BEGIN and COMMIT around them are not among them."""
    round_trips: int
    """Calls to Redis, whatever the number of commands in one."""

    @classmethod
    def of(cls, application: Application) -> Counters:
        return cls(
            statements=application.ledger.database.statements,
            round_trips=application.engine.round_trips,
        )

    def __sub__(self, earlier: Counters) -> Counters:
        return Counters(
            statements=self.statements - earlier.statements,
            round_trips=self.round_trips - earlier.round_trips,
        )


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One measurement of ``tasks`` tasks."""

    tasks: int
    seconds: float
    cpu_seconds: Mapping[str, float]
    """By process, with its children."""
    counters: Counters

    @property
    def per_second(self) -> float:
        return self.tasks / self.seconds

    def cpu_microseconds(self, process: str) -> float:
        """Per task."""
        return self.cpu_seconds[process] / self.tasks * 1e6


class Watch:
    """Time, and the CPU time of processes, since it was made."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self._cpu = {name: cpu_seconds(process) for name, process in processes.items()}
        self._start = time.perf_counter()

    def stop(self) -> tuple[float, dict[str, float]]:
        """The seconds that passed, and the CPU seconds that each process used."""
        seconds = time.perf_counter() - self._start
        used = {
            name: cpu_seconds(process) - self._cpu[name]
            for name, process in self._processes.items()
        }
        return seconds, used


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time of a process and of all its children, living and dead.

    Of the client, the servers are children too: that is why its own time is taken alone.
    """
    times = process.cpu_times()
    if process.pid == psutil.Process().pid:
        return float(times.user + times.system)
    used = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        of_child = child.cpu_times()
        used += of_child.user + of_child.system
    return float(used)
