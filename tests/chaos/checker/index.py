"""The engine knows where each task is, and nothing that is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import (
    DATABASE_TROUBLE,
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
    died or stood still.
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


def stale_claims(circumstances: Circumstances) -> Iterator[tuple[Claimed, Transition]]:
    """Tasks that were handed out after they had ended, and how they had."""
    endings = {
        task_id: each
        for task_id, transitions in circumstances.evidence.transitions.items()
        for each in transitions
        if each.ends
    }
    for each in circumstances.evidence.claims:
        ended = endings.get(each.task_id)
        if ended is not None and ended.at < each.at:
            yield each, ended


def why_stale(circumstances: Circumstances, claim: Claimed, ended: Transition) -> str | None:
    """What excuses that the engine still had it."""
    created = circumstances.evidence.transitions[claim.task_id][0].at
    # An index that is being rebuilt, and whoever waits for it, may both hand a new task over.
    if circumstances.faults(LOST_DATA | Effect.NEWER_LAYOUT, created - _AUDIT, claim.at):
        return "Redis lost data"
    if circumstances.faults(REDIS_TROUBLE, created, claim.at):
        return "a command was not answered"
    life = circumstances.life_of(ended.after.worker if ended.after else None, ended.at)
    if life is None:
        return None
    if life.ended is not None and life.ended <= claim.at:
        return "the worker died before it settled"
    if circumstances.stood_still(life, ended.at - circumstances.lease, claim.at):
        return "the worker stood still before it settled"
    return None
