"""The evidence, and answers about it that several checks need."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from uuid import UUID

from tests.chaos.evidence import (
    SECOND,
    Claimed,
    Effect,
    Enqueued,
    Evidence,
    Execution,
    FaultRecord,
    Life,
    Refused,
    Request,
    State,
    Transition,
)
from tests.chaos.fleet import overlaps
from tests.chaos.world import process_id

_NOTICED = SECOND // 10
"""A death is on record a little after it happened."""
_BLOCKING = "chaos.block"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A run that was opened, and how the one before it ended."""

    opened: Transition
    closed_by: Transition | None
    """What took the task out of the run before; ``None`` if nothing did: it was lost."""
    before: Transition | None
    """What opened the run before."""
    anew: bool
    """Whether somebody had the task retried between the two."""

    @property
    def task_id(self) -> UUID:
        """Whose run it is."""
        return self.opened.task_id

    @property
    def took(self) -> bool:
        """Whether the run before was under way still: the task was taken from its worker."""
        return self.opened.before is not None and self.opened.before.status == "running"

    @property
    def counts_loss(self) -> bool:
        """Whether the ledger counted a loss here."""
        return _losses(self.opened) > 0


@dataclass(frozen=True, kw_only=True)
class Round:
    """A task on its way to one outcome."""

    opened: Transition
    """It was accepted, or somebody had it retried."""
    ended: Transition | None


def _losses(transition: Transition) -> int:
    before, after = transition.before, transition.after
    return 0 if before is None or after is None else after.losses - before.losses


class Circumstances:
    """Evidence with answers."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.lease = round(evidence.lease * SECOND)

    # -- faults ------------------------------------------------------------------------------------

    def faults(
        self, effects: Effect, began: int, ended: int, *, queue: str | None = None
    ) -> Sequence[FaultRecord]:
        """Those with one of ``effects`` that were under way between, and concerned ``queue``."""
        return [
            each
            for each in self.evidence.faults
            if each.effects & effects
            and each.began <= ended
            and each.ended >= began
            and (each.queue is None or queue is None or each.queue == queue)
        ]

    # -- the machine -------------------------------------------------------------------------------

    def slowness(self, began: int, ended: int) -> float:
        """How many times as long as on an idle machine things took between two moments."""
        found = [each.factor for each in self.evidence.slowness if began <= each.at <= ended]
        return fmean(found) if found else 1.0

    # -- processes ---------------------------------------------------------------------------------

    @cached_property
    def _lives_by_pid(self) -> dict[int, list[Life]]:
        lives = defaultdict(list)
        for each in sorted(self.evidence.lives, key=lambda each: each.started):
            lives[each.pid].append(each)
        return lives

    def life(self, pid: int, at: int) -> Life | None:
        """Who had this process id at that time."""
        born = [each for each in self._lives_by_pid.get(pid, []) if each.started <= at]
        return born[-1] if born else None

    def life_of(self, worker: str | None, at: int) -> Life | None:
        """The process behind a worker's name in the ledger."""
        return None if worker is None else self.life(process_id(worker), at)

    @cached_property
    def _stalls(self) -> dict[int, list[tuple[int, int]]]:
        stalls = defaultdict(list)
        for each in self.evidence.stalls:
            stalls[each.pid].append((each.began, each.ended))
        return stalls

    def stood_still(self, life: Life, began: int, ended: int) -> bool:
        """Whether a process stood still for so long that it may have lost a lease.

        It renews three times per lease; half a lease without a chance to do so may cost it.
        """
        return overlaps(self.pauses(life, began, ended), began, ended) >= self.evidence.lease / 2

    def pauses(self, life: Life, began: int, ended: int) -> Sequence[tuple[int, int]]:
        """When a process stood still between two moments, whoever made it."""
        spans = [*life.frozen, *self._stalls.get(life.pid, [])]
        return [each for each in spans if each[0] < ended and each[1] > began]

    # -- runs --------------------------------------------------------------------------------------

    def gates(self, task_id: UUID) -> Iterator[Gate]:
        """Every run of a task that was opened."""
        before: Transition | None = None
        closed_by: Transition | None = None
        anew = False
        for each in self.evidence.transitions.get(task_id, ()):
            if each.opens_run:
                yield Gate(opened=each, closed_by=closed_by, before=before, anew=anew)
                before, closed_by, anew = each, None, False
            elif each.begins_anew:
                anew = True
            elif each.closes_run:
                closed_by = each

    def rounds(self, task_id: UUID) -> Sequence[Round]:
        """From where a task was open to how it ended; more than one if it was retried."""
        rounds: list[Round] = []
        for each in self.evidence.transitions.get(task_id, ()):
            if not rounds or each.begins_anew:
                rounds.append(Round(opened=each, ended=None))
            elif each.ends and rounds[-1].ended is None:
                rounds[-1] = replace(rounds[-1], ended=each)
        return rounds

    def state_at(self, task_id: UUID, at: int) -> State | None:
        """A task's row at a moment."""
        state = None
        for each in self.evidence.transitions.get(task_id, ()):
            if each.at > at:
                break
            state = each.after
        return state

    def gate(self, task_id: UUID, run: int) -> Gate | None:
        """What opened this run."""
        for each in self.gates(task_id):
            if each.opened.after is not None and each.opened.after.run == run:
                return each
        return None

    def claimed_before(self, gate: Gate) -> int:
        """When the engine handed the task out for this run: some time before the gate."""
        claims = [each.at for each in self._claims.get(gate.task_id, ())]
        return max((at for at in claims if at <= gate.opened.at), default=gate.opened.at)

    def waited_in_line(self, gate: Gate, since: int) -> bool:
        """Whether a task merely waited, from then until ``gate``, for those before it in line."""
        claims = [each for each in self._claims.get(gate.task_id, ()) if each.at <= gate.opened.at]
        if not claims:
            return False
        own = claims[-1]
        others = [
            each.score
            for each in self.evidence.claims
            if each.queue == own.queue and since < each.at < own.at
        ]
        return bool(others) and max(others) <= own.score

    def executed(self, gate: Gate) -> bool:
        """Whether the handler was called in the run before this one."""
        run = gate.opened.before.run if gate.opened.before else 0
        return any(each.run == run for each in self.evidence.executions.get(gate.task_id, ()))

    def was_refused(self, gate: Gate) -> bool:
        """Whether the run before this one ended because its worker was refused the lease."""
        run = gate.opened.before.run if gate.opened.before else 0
        return not gate.anew and any(
            each.run == run and each.how == "cancelled:lease_lost"
            for each in self.evidence.executions.get(gate.task_id, ())
        )

    def why_lost(self, gate: Gate) -> str | None:
        """What excuses that a task was taken from its worker, for the run that ``gate`` opened.

        ``None`` if nothing does.
        """
        assert gate.before is not None
        assert gate.before.after is not None
        if not gate.counts_loss and not self.executed(gate):
            # Its worker did not hear that the gate was passed, and passed it again.
            return "gate repeated"
        opened, lost = gate.before.at, gate.opened.at
        life = self.life_of(gate.before.after.worker, opened)
        if life is None:
            return None
        if life.ended is not None and life.ended <= lost + _NOTICED:
            return "worker died"
        if self.stood_still(life, opened - self.lease, lost):
            return "worker stood still"
        return self._why_redis_lost(gate.before.after.run, gate)

    def _why_redis_lost(self, run: int, gate: Gate) -> str | None:
        lost = gate.opened.at
        if self.faults(Effect.REWOUND, lost - self.lease - SECOND, lost):
            return "Redis was set back"
        before = self.gate(gate.task_id, run)
        if before is not None and self.faults(
            Effect.WIPED | Effect.NEWER_LAYOUT, self.claimed_before(before), before.opened.at
        ):
            # Whoever filled the index anew found it waiting, just before its run was opened.
            return "Redis was emptied while it was at the gate"
        return None

    def end_of(self, execution: Execution) -> int:
        """When a call of a handler was over, at the latest."""
        if execution.ended is not None:
            return execution.ended
        life = self.life(execution.pid, execution.started)
        if life is not None and life.ended is not None:
            return max(life.ended, execution.started)
        return sys.maxsize

    @cached_property
    def blocking(self) -> Sequence[Execution]:
        """All calls of handlers that block the event loop of their worker."""
        return [
            each
            for row in self.evidence.rows.values()
            if row.type == _BLOCKING
            for each in self.evidence.executions.get(row.id, ())
        ]

    @cached_property
    def _claims(self) -> Mapping[UUID, Sequence[Claimed]]:
        claims = defaultdict(list)
        for each in self.evidence.claims:
            claims[each.task_id].append(each)
        return claims

    def handovers(self, task_id: UUID, began: int, ended: int) -> Sequence[Enqueued]:
        """When the engine was handed the task, and did not have it, between two moments."""
        return [each for each in self._enqueued.get(task_id, ()) if began <= each.at <= ended]

    @cached_property
    def _enqueued(self) -> Mapping[UUID, Sequence[Enqueued]]:
        enqueued = defaultdict(list)
        for each in self.evidence.enqueued:
            enqueued[each.task_id].append(each)
        return enqueued

    def refusals(self, task_id: UUID, began: int, ended: int) -> Sequence[Refused]:
        """When a worker was refused a lease of the task, between two moments."""
        return [
            each
            for each in self.evidence.refused
            if each.task_id == task_id and began <= each.at <= ended
        ]

    def requests(self, task_id: UUID, kind: str) -> Sequence[Request]:
        """What users asked for, in order."""
        return [each for each in self._requests.get(task_id, ()) if each.kind == kind]

    @cached_property
    def _requests(self) -> Mapping[UUID, Sequence[Request]]:
        requests = defaultdict(list)
        for each in sorted(self.evidence.requests, key=lambda each: each.began):
            requests[each.task_id].append(each)
        return requests

    def story(self, task_id: UUID) -> Sequence[object]:
        """All that happened to a task, for a reader: its row, and how it came to that."""
        evidence = self.evidence
        events = [
            *((each.began, each) for each in self._requests.get(task_id, ())),
            *((each.at, each) for each in self._enqueued.get(task_id, ())),
            *((each.at, each) for each in evidence.transitions.get(task_id, ())),
            *((each.at, each) for each in self._claims.get(task_id, ())),
            *((each.started, each) for each in evidence.executions.get(task_id, ())),
        ]
        row = evidence.rows.get(task_id)
        return [
            *([] if row is None else [row]),
            *(each for _, each in sorted(events, key=lambda each: each[0])),
        ]

    def around(self, began: int, ended: int) -> Sequence[object]:
        """What was broken between two moments, or just before."""
        return [
            each
            for each in self.evidence.faults
            if each.began <= ended and each.ended >= began - 3 * self.lease
        ]
