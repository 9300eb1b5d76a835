"""The engine knows where each task is, and nothing that is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from tests.chaos.checker.circumstances import Circumstances, Gate, Round
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import (
    DATABASE_TROUBLE,
    ENDED,
    LOST_DATA,
    REDIS_TROUBLE,
    SECOND,
    Claimed,
    Effect,
    Misplaced,
    Transition,
    clock,
)

_AUDIT = 5 * SECOND
"""Beyond two leases: how long the reconcilers may take to come round."""
_FULL_AUDIT = 8 * SECOND
"""Within which the leader has looked at everything after the server changed."""
_NEXT_LEADER = _FULL_AUDIT + 16 * SECOND
"""Within which the next leader has: a term later."""
_ROUND_TRIPS = 3 * SECOND // 4
"""What an audit takes from looking into Redis to handing over, on slow lines."""
_PAUSE = 3 * SECOND
"""The longest until an unanswered handover is tried again."""
_MOMENT = SECOND // 2


def running_tasks_are_in_the_engine(circumstances: Circumstances) -> Iterator[Finding]:
    """A task that is running is leased, or on its way there, until its outcome is committed.

    Unless Redis lost its data under that very run: then it takes until its worker's next heartbeat,
    or the next audit if that one is dead.
    """
    found: dict[UUID, list[Misplaced]] = defaultdict(list)
    for each in circumstances.evidence.misplaced:
        if not _was_lost(circumstances, each):
            found[each.task_id].append(each)
    for task_id, looks in found.items():
        yield Finding(
            message=(
                f"task {task_id} was running and nowhere in the engine in {len(looks)} looks from "
                f"{clock(looks[0].began)} to {clock(looks[-1].ended)}"
            ),
            proof=[
                *circumstances.around(looks[0].began, looks[-1].ended),
                *circumstances.story(task_id),
            ],
        )


def _was_lost(circumstances: Circumstances, look: Misplaced) -> bool:
    """Whether the engine forgot this run, and could not know of it yet."""
    gate = circumstances.gate(look.task_id, look.run)
    if gate is None or gate.opened.after is None:
        return False
    leased = circumstances.claimed_before(gate)
    losses = circumstances.faults(
        LOST_DATA | Effect.NEWER_LAYOUT, leased, look.ended, queue=look.queue
    )
    if not losses:
        return False
    since = max(each.ended for each in losses)
    life = circumstances.life_of(gate.opened.after.worker, gate.opened.at)
    # How long it takes without a worker, and whether the servers were there, is about recovery.
    orphaned = life is None or (life.ended is not None and life.ended < look.began)
    disturbed = circumstances.faults(REDIS_TROUBLE | DATABASE_TROUBLE, since + 1, look.began)
    patience = 2 * circumstances.lease + _AUDIT
    return orphaned or bool(disturbed) or look.began <= since + patience


def ended_tasks_are_not_handed_out(circumstances: Circumstances) -> Iterator[Finding]:
    """The engine hands out the id of a task that has ended only if something kept it from knowing.

    Redis lost data or left a command unanswered, or the worker that should have settled the lease
    died or stood still, or an audit met the task while it was being handed over.
    """
    for each, ended in stale_claims(circumstances):
        if why_stale(circumstances, each, ended) is None:
            yield Finding(
                message=f"task {each.task_id} had ended, and was handed out",
                proof=[
                    each,
                    *circumstances.around(each.at, each.at),
                    *circumstances.story(each.task_id),
                ],
            )


def running_tasks_are_not_handed_out(circumstances: Circumstances) -> Iterator[Finding]:
    """The engine hands out the id of a running task only if its worker may be lost.

    Or if Redis itself lost data. So what shall run again is not in line before the ledger says so.
    """
    for each in circumstances.evidence.claims:
        run = _run_under_way(circumstances, each)
        if run is not None and not _may_be_lost(circumstances, run, each):
            yield Finding(
                message=f"task {each.task_id} was running, and was handed out",
                proof=[
                    each,
                    *circumstances.around(each.at, each.at),
                    *circumstances.story(each.task_id),
                ],
            )


def _run_under_way(circumstances: Circumstances, claim: Claimed) -> Gate | None:
    """The run that a task was in when it was handed out."""
    state = circumstances.state_at(claim.task_id, claim.at - 1)
    if state is None or state.status != "running":
        return None
    return circumstances.gate(claim.task_id, state.run)


def _may_be_lost(circumstances: Circumstances, run: Gate, claim: Claimed) -> bool:
    opened = run.opened.at
    if _is_rebuilt(circumstances, opened, claim.at):
        return True
    # A claim, or what was to become of it, was not answered; or whether the gate was passed. Or it
    # took long to tell Redis that the task was retried.
    since = opened - circumstances.lease
    if run.anew:
        since = min(since, _round_of(circumstances, run).opened.at)
    if circumstances.faults(REDIS_TROUBLE, since, claim.at):
        return True
    if circumstances.faults(DATABASE_TROUBLE, opened - _MOMENT, opened + _MOMENT):
        return True
    life = circumstances.life_of(run.opened.after.worker if run.opened.after else None, opened)
    if life is None:
        return False
    return (
        (life.ended is not None and life.ended <= claim.at)
        or (life.asked_to_stop is not None and life.asked_to_stop <= claim.at)
        or circumstances.stood_still(life, opened - circumstances.lease, claim.at)
    )


def _round_of(circumstances: Circumstances, run: Gate) -> Round:
    return [each for each in circumstances.rounds(run.task_id) if each.opened.at <= run.opened.at][
        -1
    ]


def stale_claims(circumstances: Circumstances) -> Iterator[tuple[Claimed, Round]]:
    """Tasks that were handed out after they had ended, and how they had."""
    for each in circumstances.evidence.claims:
        state = circumstances.state_at(each.task_id, each.at - 1)
        if state is not None and state.status in ENDED:
            ended = [
                found
                for found in circumstances.rounds(each.task_id)
                if found.ended is not None and found.ended.at <= each.at
            ]
            yield each, ended[-1]


def why_stale(circumstances: Circumstances, claim: Claimed, found: Round) -> str | None:
    """What excuses that the engine still had it, or had it again."""
    assert found.ended is not None
    opened, ended = found.opened.at, found.ended.at
    if found.ended.before is not None and found.ended.before.status == "pending":
        cancelled = _why_not_taken_out(circumstances, claim, ended)
        if cancelled is not None:
            return cancelled
    again = circumstances.handovers(claim.task_id, ended, claim.at)
    if not again and _is_rebuilt(circumstances, opened, claim.at):
        return "Redis lost data"
    if again and again[-1].building:
        return "it ended while the index was filled"
    if again:
        before = circumstances.handovers(claim.task_id, opened, ended)
        if before and before[0].building and _is_rebuilt(circumstances, opened, again[-1].at):
            return "it waited for the index in which it was found"
        first = before[0].at if before else opened
        return _why_handed_over_again(circumstances, claim, opened, first, again[-1].at)
    return _why_not_settled(circumstances, claim, found.ended)


def _is_enqueued_anew(circumstances: Circumstances, task_id: UUID, opened: int, again: int) -> bool:
    """Whether a later run of its parent may have handed it over, which saw it wait just before."""
    row = circumstances.evidence.rows.get(task_id)
    if row is None or row.parent_id is None:
        return False
    return any(opened < gate.opened.at < again for gate in circumstances.gates(row.parent_id))


def _why_not_settled(circumstances: Circumstances, claim: Claimed, ended: Transition) -> str | None:
    """Why the lease of a run that had ended ran out."""
    if circumstances.faults(REDIS_TROUBLE, ended.at - circumstances.lease, claim.at):
        return "the worker was cut off before it settled"
    life = circumstances.life_of(ended.before.worker if ended.before else None, ended.at)
    if life is None:
        return None
    if life.ended is not None and life.ended <= claim.at:
        return "the worker died before it settled"
    if circumstances.stood_still(life, ended.at - circumstances.lease, claim.at):
        return "the worker stood still before it settled"
    return None


def _is_rebuilt(circumstances: Circumstances, began: int, ended: int) -> bool:
    """Whether an index may have been rebuilt between two moments.

    Whoever fills it, and whoever waits for it, may both hand a new task over; and what was told to
    Redis meanwhile is forgotten.
    """
    trouble = REDIS_TROUBLE | DATABASE_TROUBLE
    return any(
        each.ended >= began - _AUDIT or circumstances.faults(trouble, each.ended + 1, began)
        for each in circumstances.faults(
            LOST_DATA | Effect.NEWER_LAYOUT, began - _NEXT_LEADER, ended
        )
    )


def _why_handed_over_again(
    circumstances: Circumstances, claim: Claimed, opened: int, first: int, again: int
) -> str | None:
    """Why somebody handed a task over that had been handed over, had run and ended."""
    if _is_enqueued_anew(circumstances, claim.task_id, opened, again):
        return "its parent enqueued it again"
    # It was sent, and the answer was lost, so that it was sent again, after a pause.
    unanswered = circumstances.faults(REDIS_TROUBLE, opened, first + _MOMENT)
    if unanswered and circumstances.faults(REDIS_TROUBLE, again - _PAUSE, again):
        return "its handover was not answered"
    # The leader looks at everything after the server changed, settled or not; so does the next one,
    # if it dies. What is handed over, run and finished between its look and its act comes back.
    trouble = REDIS_TROUBLE | DATABASE_TROUBLE
    patience = _FULL_AUDIT
    if circumstances.faults(trouble, again - _FULL_AUDIT, again) or any(
        life.ended is not None and again - _NEXT_LEADER < life.ended <= again
        for life in circumstances.evidence.lives
    ):
        patience = _NEXT_LEADER
    changed = circumstances.faults(Effect.REDIS_CHANGED, again - patience, again)
    at_once = again - first <= _ROUND_TRIPS
    slow = trouble | Effect.REDIS_SLOW | Effect.DATABASE_SLOW
    if changed and (at_once or circumstances.faults(slow, first, again)):
        return "it was audited while it was handed over"
    return None


def _why_not_taken_out(circumstances: Circumstances, claim: Claimed, ended: int) -> str | None:
    """Why a task that was cancelled while it waited was in line still."""
    transitions = circumstances.evidence.transitions[claim.task_id]
    if any(each.closes_run and ended - _MOMENT <= each.at < ended for each in transitions):
        # The ledger had it waiting again, and the engine was about to be told.
        return "its run was just being settled"
    for each in circumstances.requests(claim.task_id, "cancel"):
        if each.began > claim.at:
            continue
        # The ledger says so first, the engine is told then, and the answer comes last.
        if claim.at <= each.ended:
            return "it was just being cancelled"
        # Nor is it by whoever tries again, because the commit was not answered, and finds it done.
        trouble = REDIS_TROUBLE | DATABASE_TROUBLE
        if (
            each.is_unknown
            or circumstances.faults(trouble, each.began, each.ended)
            or _is_rebuilt(circumstances, each.began, each.ended)
        ):
            return "its cancellation was not told to Redis"
    return None
