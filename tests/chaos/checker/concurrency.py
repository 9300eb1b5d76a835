"""Limits on how many tasks run at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import QUEUES, SECOND, Execution, clock

_LEARNS = SECOND // 4
"""How long a process that stood still may go on before a heartbeat tells it what it has lost."""
Span = tuple[int, int, Execution]


def global_concurrency_holds(circumstances: Circumstances) -> Iterator[Finding]:
    """Across all processes no queue runs more than its `global_concurrency` at any moment.

    A process that was frozen does not run while it is; and what it goes on with afterwards, until
    it learns that its lease is lost, is nobody's fault. Nothing else is excused.
    """
    for queue in QUEUES.values():
        if queue.global_concurrency is None:
            continue
        spans = [
            span
            for of_task in circumstances.evidence.executions.values()
            for each in of_task
            if each.queue == queue.name
            for span in _spans(circumstances, each)
        ]
        yield from _exceeded(
            circumstances, spans, queue.global_concurrency, f"queue {queue.name!r}"
        )


def user_concurrency_holds(circumstances: Circumstances) -> Iterator[Finding]:
    """Across all processes no user has more tasks of a queue running than `user_concurrency`.

    Excused is what :func:`global_concurrency_holds` excuses.
    """
    by_user: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for task_id, of_task in circumstances.evidence.executions.items():
        row = circumstances.evidence.rows.get(task_id)
        if row is None or row.user is None or QUEUES[row.queue].user_concurrency is None:
            continue
        for each in of_task:
            by_user[row.queue, row.user] += _spans(circumstances, each)
    for (queue, user), spans in by_user.items():
        limit = QUEUES[queue].user_concurrency
        if limit is not None:
            yield from _exceeded(circumstances, spans, limit, f"{user!r} in queue {queue!r}")


def concurrency_holds(circumstances: Circumstances) -> Iterator[Finding]:
    """No worker process runs more of a queue than its `concurrency` at any moment."""
    by_process: dict[tuple[int, str], list[Span]] = defaultdict(list)
    for of_task in circumstances.evidence.executions.values():
        for each in of_task:
            span = each.started, circumstances.end_of(each), each
            by_process[each.pid, each.queue].append(span)
    for (pid, queue), spans in by_process.items():
        limit = QUEUES[queue].concurrency
        yield from _exceeded(circumstances, spans, limit, f"queue {queue!r} of process {pid}")


def _spans(circumstances: Circumstances, execution: Execution) -> Iterator[Span]:
    """When a handler really ran, by right."""
    began, ended = execution.started, circumstances.end_of(execution)
    life = circumstances.life(execution.pid, began)
    # It may have stood still on the way to the start gate already.
    gate = circumstances.gate(execution.task_id, execution.run)
    claimed = began if gate is None else circumstances.claimed_before(gate)
    if life is None or not circumstances.stood_still(life, claimed, ended):
        yield began, ended, execution
        return
    disowned = _disowned(circumstances, execution)
    for since, until in sorted(circumstances.pauses(life, claimed, ended)):
        yield began, max(began, since), execution
        if disowned:
            return
        began = max(began, until + _LEARNS)
    if began < ended:
        yield began, ended, execution


def _disowned(circumstances: Circumstances, execution: Execution) -> bool:
    """Whether the run lost its lease, or another one began before it was over."""
    ended = circumstances.end_of(execution)
    return execution.how == "cancelled:lease_lost" or any(
        each.opened.after is not None
        and each.opened.after.run > execution.run
        and each.opened.at < ended
        for each in circumstances.gates(execution.task_id)
    )


def _exceeded(
    circumstances: Circumstances, spans: Sequence[Span], limit: int, where: str
) -> Iterator[Finding]:
    """One finding for each time that more than ``limit`` overlap."""
    # At the same moment ends come first.
    changes = sorted(
        change
        for number, (began, ended, _) in enumerate(spans)
        if began < ended
        for change in ((began, 1, number), (ended, -1, number))
    )
    running: set[int] = set()
    above = False
    for at, change, number in changes:
        if change < 0:
            running.discard(number)
        else:
            running.add(number)
        if len(running) > limit and not above:
            yield Finding(
                message=f"{where} runs {len(running)} at once at {clock(at)}, allowed are {limit}",
                proof=[*(spans[each][2] for each in running), *circumstances.around(at, at)],
            )
        above = len(running) > limit
