"""How long it takes until things go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import QUEUES, REDIS_TROUBLE, SECOND, Effect, State, Transition

_TROUBLE = REDIS_TROUBLE | Effect.DATABASE_AWAY | Effect.DATABASE_CUT | Effect.DATABASE_SLOW
_WIPE_SECONDS = 5.0
_CANCEL_SECONDS = 1.0
_LISTENING = 3 * SECOND
"""Until a worker that was cut off, or has just begun, hears of cancellations at once."""
_GENEROUS = 2.0
"""A run keeps a machine of two processors as busy as that: what is asserted is this many times what
is promised, or as many times more as others keep it busy as well."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """From a fault to the first sign that it was overcome."""

    fault: str
    since: int
    seconds: float
    promised: float | None
    """Within which it should be; ``None`` if something else was broken meanwhile."""
    what: str
    proof: Sequence[object] = ()


def recoveries(circumstances: Circumstances) -> Iterator[Recovery]:
    """All that can be measured."""
    yield from _deaths(circumstances)
    yield from _wipes(circumstances)
    yield from _cancellations(circumstances)


def recovery_is_timely(circumstances: Circumstances) -> Iterator[Finding]:
    """A dead worker's tasks, and those of a wiped Redis, run again within the promised time.

    And a task that is cancelled while it runs stops.
    """
    for each in recoveries(circumstances):
        slowness = circumstances.slowness(each.since, each.since + round(each.seconds * SECOND))
        room = max(_GENEROUS, slowness)
        if each.promised is not None and each.seconds > room * each.promised:
            yield Finding(
                message=(
                    f"{each.what} took {each.seconds:.1f} s after {each.fault}, promised are "
                    f"{each.promised:.1f} s; the machine was {slowness:.1f} times as slow as an "
                    f"idle one"
                ),
                proof=each.proof,
            )


def by_fault(found: Sequence[Recovery]) -> Mapping[str, Sequence[float]]:
    """The seconds of each kind of fault, in order."""
    seconds = defaultdict(list)
    for each in found:
        seconds[each.fault].append(each.seconds)
    return {fault: sorted(each) for fault, each in seconds.items()}


def _deaths(circumstances: Circumstances) -> Iterator[Recovery]:
    """From a worker's death to the next run of each task that it had."""
    evidence = circumstances.evidence
    # Two leases: nobody was there to see the first one run out.
    promised = 2 * evidence.lease + 2
    for task_id in evidence.transitions:
        for gate in circumstances.gates(task_id):
            opened = gate.before
            if gate.closed_by is not None or opened is None or opened.after is None:
                continue
            life = circumstances.life_of(opened.after.worker, opened.at)
            if life is None or life.ended is None or life.ended > gate.opened.at:
                continue
            due = life.ended + round(promised * SECOND)
            excused = circumstances.faults(
                _TROUBLE, life.ended, gate.opened.at
            ) or circumstances.waited_in_line(gate, due)
            yield Recovery(
                fault="the death of a worker",
                since=life.ended,
                seconds=(gate.opened.at - life.ended) / SECOND,
                promised=None if excused else promised,
                what=f"task {task_id}",
                proof=[
                    life,
                    *circumstances.around(life.ended, gate.opened.at),
                    *circumstances.story(task_id),
                ],
            )


def _wipes(circumstances: Circumstances) -> Iterator[Recovery]:
    """From a wipe to the first task that is handed out of each queue in which some waited."""
    evidence = circumstances.evidence
    for fault in evidence.faults:
        if not fault.effects & Effect.WIPED:
            continue
        for queue in QUEUES:
            if not _waiting(circumstances, queue, fault.ended):
                continue
            after = [
                each.at for each in evidence.claims if each.queue == queue and each.at > fault.ended
            ]
            if not after:
                continue
            others = [
                each
                for each in circumstances.faults(_TROUBLE, fault.ended, after[0])
                if each is not fault
            ]
            yield Recovery(
                fault=fault.kind,
                since=fault.ended,
                seconds=(after[0] - fault.ended) / SECOND,
                promised=None if others else _WIPE_SECONDS,
                what=f"queue {queue!r}",
            )


def _cancellations(circumstances: Circumstances) -> Iterator[Recovery]:
    """From the wish to cancel a running task to where it is out of its run."""
    for task_id, transitions in circumstances.evidence.transitions.items():
        for asked, closed in _stopped(transitions):
            yield Recovery(
                fault="its cancellation",
                since=asked.at,
                seconds=(closed.at - asked.at) / SECOND,
                promised=None
                if _is_hard_to_stop(circumstances, asked, closed)
                else _CANCEL_SECONDS,
                what=f"task {task_id}",
                proof=[
                    *circumstances.around(asked.at, closed.at),
                    *circumstances.story(task_id),
                ],
            )


def _stopped(transitions: Sequence[Transition]) -> Iterator[tuple[Transition, Transition]]:
    asked = None
    for each in transitions:
        if each.asks_to_cancel and each.after is not None and each.after.status == "running":
            asked = each
        elif each.closes_run and asked is not None:
            yield asked, each
            asked = None


def _is_hard_to_stop(circumstances: Circumstances, asked: Transition, closed: Transition) -> bool:
    """Whether something kept the worker from hearing of it, or from acting."""
    # Whoever was cut off listens again after a while.
    if circumstances.faults(_TROUBLE, asked.at - _LISTENING, closed.at):
        return True
    life = circumstances.life_of(asked.after.worker if asked.after else None, asked.at)
    if life is None or (life.ended is not None and life.ended <= closed.at):
        return True
    # It listens once it serves.
    if life.started > asked.at - _LISTENING or circumstances.pauses(life, asked.at, closed.at):
        return True
    return any(
        each.pid == life.pid
        and each.started <= closed.at
        and circumstances.end_of(each) >= asked.at
        for each in circumstances.blocking
    )


def _waiting(circumstances: Circumstances, queue: str, at: int) -> bool:
    """Whether a task of a queue was pending and due at that time."""
    return any(
        row.queue == queue and _is_due(circumstances.state_at(row.id, at), at)
        for row in circumstances.evidence.rows.values()
    )


def _is_due(state: State | None, at: int) -> bool:
    return (
        state is not None
        and state.status == "pending"
        and (state.run_at is None or state.run_at <= at)
    )
