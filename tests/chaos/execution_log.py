"""What the handlers wrote down (`tests/chaos_plugin/` says how)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from tests.chaos.evidence import Execution, Stall


def read_executions(lines: Iterable[str]) -> tuple[Mapping[UUID, Sequence[Execution]], list[Stall]]:
    """All calls of handlers by task, and when a process stood still."""
    executions: dict[UUID, list[Execution]] = defaultdict(list)
    stalls: list[Stall] = []
    for line in lines:
        at, pid, event, *fields = line.split()
        if event == "stall":
            began = int(at) - int(fields[0]) * 1_000_000
            stalls.append(Stall(pid=int(pid), began=began, ended=int(at)))
            continue
        task_id, run, attempt, queue = UUID(fields[0]), int(fields[1]), int(fields[2]), fields[3]
        of_task = executions[task_id]
        if event == "start":
            of_task.append(
                Execution(
                    task_id=task_id,
                    queue=queue,
                    run=run,
                    attempt=attempt,
                    pid=int(pid),
                    started=int(at),
                )
            )
            continue
        open_ones = [
            i
            for i, each in enumerate(of_task)
            if (each.run, each.pid, each.ended) == (run, int(pid), None)
        ]
        of_task[open_ones[-1]] = replace(of_task[open_ones[-1]], ended=int(at), how=event)
    return executions, stalls
