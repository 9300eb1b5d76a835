"""What the Lua scripts promise, as a small Python model of one queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from penstock import Priority
from penstock.engine import Lease

Place = tuple[int, int]
"""Band and ticket: the smaller runs earlier."""


@dataclass
class QueueModel:
    """Where each task of the queue is; a task is in at most one place."""

    room: int
    """Its global concurrency."""
    waiting: dict[UUID, Place] = field(default_factory=dict)
    lost: set[UUID] = field(default_factory=set)
    """Those of the waiting ones whose worker was lost."""
    leased: dict[UUID, tuple[Lease | None, Place]] = field(default_factory=dict)
    """The lease is ``None`` if nobody was heard of that holds it."""
    delayed: dict[UUID, int] = field(default_factory=dict)
    parked: dict[UUID, tuple[str, Place]] = field(default_factory=dict)
    cancelled: set[UUID] = field(default_factory=set)
    """Those of which it is remembered that somebody wants them cancelled."""
    tickets: count[int] = field(default_factory=count)

    def has(self, task: UUID) -> bool:
        return any(
            task in place for place in (self.waiting, self.leased, self.delayed, self.parked)
        )

    def enqueue(self, task: UUID, priority: Priority, how: str, *, unless_cancelled: bool) -> bool:
        """Whether it is new; ``how`` is ``due``, ``delayed``, ``running`` or ``again``."""
        if how == "again":
            self.cancelled.discard(task)
            if task in self.leased:
                self._end_lease(task)
        unwanted = unless_cancelled and task in self.cancelled and how != "running"
        if self.has(task) or unwanted:
            return False
        if how == "delayed":
            self.delayed[task] = -priority
            return True
        place = (-priority, next(self.tickets))
        if how == "running":
            self.leased[task] = (None, place)
        else:
            self.waiting[task] = place
        return True

    def settle(self, lease: Lease, kind: str, task_type: str) -> None:
        held, place = self.leased.get(lease.id, (lease, None))
        if place is None or held not in {lease, None}:
            return
        if held is None and kind == "stale":
            return
        if kind == "presume":
            self.leased[lease.id] = (None, place)
            return
        self._end_lease(lease.id)
        if kind == "delay":
            self.delayed[lease.id] = place[0]
        elif kind in {"back", "stale"}:
            self.waiting[lease.id] = place
        elif kind == "park":
            self.parked[lease.id] = (task_type, place)

    def expire(self, task: UUID) -> None:
        _, place = self.leased[task]
        self._end_lease(task)
        self.waiting[task] = place
        self.lost.add(task)

    def promote(self, task: UUID) -> None:
        self.waiting[task] = (self.delayed.pop(task), next(self.tickets))

    def claim(self, want: int, types: list[str]) -> list[tuple[UUID, bool]]:
        """The tasks taken, in order, and whether each lost its worker before."""
        room = min(want, self.room - len(self.leased))
        for task_type in types:
            # By id within a type: in the order in which they were made.
            known = sorted(task for task, (kind, _) in self.parked.items() if kind == task_type)
            for task in known[: max(room, 0)]:
                self.waiting[task] = self.parked.pop(task)[1]
                room -= 1
        room = min(want, self.room - len(self.leased))
        taken = sorted(self.waiting, key=self.waiting.__getitem__)[: max(room, 0)]
        return [(task, task in self.lost) for task in taken]

    def take(self, lease: Lease) -> None:
        self.leased[lease.id] = (lease, self.waiting.pop(lease.id))
        self.lost.discard(lease.id)

    def renew(self, lease: Lease, place: Place, *, may_be_lost: bool) -> bool:
        """Whether the lease is this worker's still, or again."""
        task = lease.id
        if task in self.leased:
            held, old = self.leased[task]
            if held is not None and held.number > lease.number:
                return False
            self.leased[task] = (lease, place if held is None else old)
            return True
        if task not in self.lost and not may_be_lost:
            return False
        self.forget(task)
        self.leased[task] = (lease, place)
        return True

    def cancel(self, task: UUID, *, running: bool) -> bool:
        """Whether somebody runs it, and has to be told."""
        self.cancelled.add(task)
        if task in self.leased:
            return True
        if not running:
            self.forget(task)
        return False

    def forget(self, task: UUID) -> None:
        for place in (self.waiting, self.leased, self.delayed, self.parked):
            place.pop(task, None)
        self.lost.discard(task)

    def wipe(self) -> None:
        for place in (self.waiting, self.leased, self.delayed, self.parked):
            place.clear()
        self.lost.clear()
        self.cancelled.clear()

    def _end_lease(self, task: UUID) -> None:
        del self.leased[task]
        self.cancelled.discard(task)
