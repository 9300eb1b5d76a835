"""What the handlers wrote down (`tests/chaos_plugin/` says how)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from tests.chaos.evidence import Execution, Stall, Step


@dataclass(frozen=True, kw_only=True)
class ExecutionLog:
    """All calls of handlers by task, what some of them did, and when a process stood still."""

    executions: Mapping[UUID, Sequence[Execution]]
    steps: Sequence[Step]
    stalls: Sequence[Stall]


def read(lines: Iterable[str]) -> ExecutionLog:
    """Read all of it."""
    executions: dict[UUID, list[Execution]] = defaultdict(list)
    steps: list[Step] = []
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
        elif event == "step":
            steps.append(Step(task_id=task_id, run=run, number=int(fields[4]), at=int(at)))
        else:
            place = _open_one(of_task, run, int(pid))
            of_task[place] = replace(of_task[place], ended=int(at), how=event)
    return ExecutionLog(executions=executions, steps=steps, stalls=stalls)


def _open_one(executions: Sequence[Execution], run: int, pid: int) -> int:
    """The place of the last call of that run which is not over yet."""
    return max(
        place
        for place, each in enumerate(executions)
        if (each.run, each.pid, each.ended) == (run, pid, None)
    )
