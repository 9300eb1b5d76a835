"""Why a task ran more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances, Gate
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import ENDED, SECOND, State, Transition, clock

MAX_LOSSES = 3
_UNKNOWN_TO_THE_OLD = "chaos.new"
_LEAVING = 15 * SECOND


def losses_are_deaths(circumstances: Circumstances) -> Iterator[Finding]:
    """A task is taken from its worker only if that one died or stood still.

    A Redis that is wiped, restarted, paused or cut off takes nothing from a live worker, and
    neither does a handler that blocks the event loop.
    """
    for task_id in circumstances.evidence.transitions:
        for gate in circumstances.gates(task_id):
            taken = gate.took or circumstances.was_refused(gate)
            if taken and circumstances.why_lost(gate) is None:
                yield Finding(
                    message=(
                        f"task {task_id} was taken at {clock(gate.opened.at)} from a worker that "
                        "was alive"
                    ),
                    proof=[
                        *_worker(circumstances, gate),
                        *circumstances.around(gate.opened.at, gate.opened.at),
                        *circumstances.story(task_id),
                    ],
                )


def losses_are_counted(circumstances: Circumstances) -> Iterator[Finding]:
    """The ledger counts a loss when a task is taken from its worker, and at no other time."""
    for task_id, transitions in circumstances.evidence.transitions.items():
        taken = {id(gate.opened) for gate in circumstances.gates(task_id) if gate.took}
        for each in transitions:
            if each.before is None or each.after is None or each.before.status in ENDED:
                continue
            counted = each.after.losses - each.before.losses
            if counted not in {0, 1} or (counted and id(each) not in taken):
                yield Finding(
                    message=f"task {task_id} counts {counted} losses at {clock(each.at)}",
                    proof=circumstances.story(task_id),
                )


def runs_follow_from_each_other(circumstances: Circumstances) -> Iterator[Finding]:
    """Each run was opened once, and the one before it ended in a way that asks for another."""
    evidence = circumstances.evidence
    for task_id in evidence.transitions:
        opened = Counter(
            gate.opened.after.run
            for gate in circumstances.gates(task_id)
            if gate.opened.after is not None
        )
        executed = Counter(each.run for each in evidence.executions.get(task_id, ()))
        for run, times in executed.items():
            if times > 1 or opened[run] != 1:
                yield Finding(
                    message=(
                        f"run {run} of task {task_id} was opened {opened[run]} times, and "
                        f"executed {times} times"
                    ),
                    proof=circumstances.story(task_id),
                )
        for gate in circumstances.gates(task_id):
            if gate.before is not None and not gate.took and cause(circumstances, gate) is None:
                yield Finding(
                    message=(
                        f"task {task_id} runs again at {clock(gate.opened.at)}, and nothing asked "
                        "for it"
                    ),
                    proof=circumstances.story(task_id),
                )


def poison_ends(circumstances: Circumstances) -> Iterator[Finding]:
    """A task that was lost three times is not run again, and fails as `worker_lost`.

    The count may pass three: whoever was to record the failure may die, too.
    """
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        lost = row.losses >= MAX_LOSSES
        # Whoever was to record the failure may have died, and the task been cancelled since.
        if row.status in {"success", "failed"} and (row.error_code == "worker_lost") != lost:
            yield Finding(
                message=(
                    f"task {row.id} ended as {row.status} {row.error_code or ''} after "
                    f"{row.losses} losses"
                ),
                proof=circumstances.story(row.id),
            )
        if row.type == "chaos.poison" and row.status in ENDED and not lost:
            yield Finding(
                message=f"the poisonous task {row.id} ended as {row.status} {row.error_code}",
                proof=circumstances.story(row.id),
            )
        losses = {
            gate.opened.after.run: gate.opened.after.losses
            for gate in circumstances.gates(row.id)
            if gate.opened.after is not None
        }
        for each in evidence.executions.get(row.id, ()):
            if losses.get(each.run, 0) >= MAX_LOSSES:
                yield Finding(
                    message=f"task {row.id} ran after {losses[each.run]} losses",
                    proof=circumstances.story(row.id),
                )


def cause(circumstances: Circumstances, gate: Gate) -> str | None:
    """Why a run was opened after another one, in a word or two; ``None`` if there is no reason."""
    if gate.anew:
        return "retried by hand"
    if gate.before is None:
        return "first"
    if gate.took:
        return circumstances.why_lost(gate)
    closed = gate.closed_by
    if closed is None or closed.before is None or closed.after is None:
        return None
    if closed.after.attempts == closed.before.attempts:
        return "failed" if closed.after.error_code else None
    return _why_refunded(circumstances, closed, closed.before)


def _why_refunded(circumstances: Circumstances, closed: Transition, before: State) -> str | None:
    """Why a run ended without an outcome and spent no attempt."""
    executions = circumstances.evidence.executions.get(closed.task_id, ())
    if any(each.run == before.run and each.how == "snooze" for each in executions):
        return "snoozed"
    gate = circumstances.gate(closed.task_id, before.run)
    if gate is not None and circumstances.refusals(
        closed.task_id, circumstances.claimed_before(gate), closed.at
    ):
        return "lease lost"
    life = circumstances.life_of(before.worker, closed.at)
    if life is None:
        return None
    stopping = life.asked_to_stop is not None and life.asked_to_stop <= closed.at
    # Whoever leaves by itself hands back, too; `processes_live` asks why it did.
    if stopping or (life.ended is not None and life.ended - closed.at < _LEAVING):
        return "handed back"
    row = circumstances.evidence.rows.get(closed.task_id)
    unknown = life.version == "old" and row is not None and row.type == _UNKNOWN_TO_THE_OLD
    if unknown:
        return "unknown type"
    # What waits in vain for a slot, or beside a task under which a worker died, goes back.
    begun = any(each.run == before.run for each in executions)
    return None if begun else "never begun"


def _worker(circumstances: Circumstances, gate: Gate) -> Iterator[object]:
    if gate.before is not None and gate.before.after is not None:
        life = circumstances.life_of(gate.before.after.worker, gate.before.at)
        if life is not None:
            yield life
