"""What the Lua scripts promise, as a small Python model of one queue."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from penstock import Priority
from penstock.engine import Lease, Member

Place = tuple[int, int, Member]
"""Band, start tag, and the member, which decides among equals: the smaller runs earlier."""
Line = tuple[int, str]
"""Band and user."""
COST = 2520
"""What a task of weight 1 costs."""


@dataclass
class QueueModel:
    """Where each task of the queue is; a task is in at most one place."""

    capacity: int
    """Its global concurrency."""
    user_concurrency: int
    weights: dict[str, float]
    waiting: dict[Member, Place] = field(default_factory=dict)
    roomed: dict[Member, Place] = field(default_factory=dict)
    """Those that wait for the limit of their user."""
    lost: set[Member] = field(default_factory=set)
    """Those of the waiting ones whose worker was lost."""
    leased: dict[Member, tuple[Lease | None, Place]] = field(default_factory=dict)
    """The lease is ``None`` if nobody was heard of that holds it."""
    delayed: dict[Member, int] = field(default_factory=dict)
    parked: dict[Member, tuple[str, Place]] = field(default_factory=dict)
    anew: set[Member] = field(default_factory=set)
    """Those of the leased ones that wait again whatever their holder says."""
    cancelled: set[Member] = field(default_factory=set)
    """Those of which it is remembered that somebody wants them cancelled."""
    virtual: dict[int, int] = field(default_factory=dict)
    """Band -> the greatest start tag that was taken."""
    finish: dict[Line, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self._places()))

    def has(self, task: Member) -> bool:
        return any(task in place for place in self._places())

    def enqueue(
        self, task: Member, priority: Priority, how: str, *, unless_cancelled: bool, lease: int = 0
    ) -> bool:
        """Whether it is new; ``how`` is ``due``, ``delayed``, ``running`` or ``again``."""
        if how == "again":
            self.cancelled.discard(task)
            if task in self.leased:
                held = self.leased[task][0]
                if held is None or held.number > lease:
                    self.anew.add(task)
                else:
                    self._end_lease(task)
        unwanted = unless_cancelled and task in self.cancelled and how != "running"
        if self.has(task) or unwanted:
            return False
        if how == "delayed":
            self.delayed[task] = -priority
        elif how == "running":
            self.leased[task] = (None, (-priority, self.virtual.get(-priority, 0), task))
        else:
            self.waiting[task] = self._new_place(task, -priority)
        return True

    def settle(self, lease: Lease, kind: str, task_type: str) -> None:
        task = lease.member
        held, place = self.leased.get(task, (lease, None))
        if place is None or held not in {lease, None}:
            return
        if held is None and kind == "stale":
            return
        if kind == "presume":
            self.leased[task] = (None, place)
            return
        if task in self.anew:
            kind = "back"
        self._end_lease(task)
        if kind == "delay":
            self.delayed[task] = place[0]
        elif kind in {"back", "stale"}:
            self.waiting[task] = self._old_place(place)
        elif kind == "park":
            self.parked[task] = (task_type, self._old_place(place))

    def expire(self, task: Member) -> None:
        _, place = self.leased[task]
        self._end_lease(task)
        self.waiting[task] = self._old_place(place)
        self.lost.add(task)

    def promote(self, task: Member) -> None:
        self.waiting[task] = self._new_place(task, self.delayed.pop(task))

    def claim(self, want: int, types: list[str]) -> list[tuple[Member, bool]]:
        """The tasks taken, in order, and whether each lost its worker before."""
        free = max(0, min(want, self.capacity - len(self.leased)))
        wanted = free
        for task_type in types:
            # By id within a type: in the order in which they were made.
            known = sorted(task for task, (kind, _) in self.parked.items() if kind == task_type)
            for task in known[:wanted]:
                self.waiting[task] = self.parked.pop(task)[1]
                wanted -= 1
        running = Counter(task.user for task in self.leased)
        taken: list[tuple[Member, bool]] = []
        in_line = sorted([*self.waiting.values(), *self.roomed.values()])
        for place in in_line:
            task = place[2]
            if len(taken) == free:
                break
            if task.user and running[task.user] >= self.user_concurrency:
                self.waiting.pop(task, None)
                self.roomed[task] = place
            else:
                self.roomed.pop(task, None)
                self.waiting[task] = place
                running[task.user] += 1
                taken.append((task, task in self.lost))
        return taken

    def take(self, leases: list[Lease]) -> None:
        """What :meth:`claim` said is taken, now with its leases."""
        for lease in leases:
            place = self.waiting.pop(lease.member)
            self.leased[lease.member] = (lease, place)
            self.lost.discard(lease.member)
            self.virtual[place[0]] = max(self.virtual.get(place[0], 0), place[1])
        self._keep_order({self._line(self.leased[lease.member][1]) for lease in leases})

    def renew(self, lease: Lease, place: Place, *, may_be_lost: bool) -> bool:
        """Whether the lease is this worker's still, or again."""
        task = lease.member
        if task in self.leased:
            held, old = self.leased[task]
            if held is not None and held.number > lease.number:
                return False
            self.leased[task] = (lease, place if held is None else old)
            return True
        if task not in self.lost and not may_be_lost:
            return False
        self._forget(task)
        self.leased[task] = (lease, place)
        return True

    def cancel(self, tasks: list[Member], *, running: bool) -> int:
        """How many of them somebody runs, and has to be told."""
        lines = set()
        for task in tasks:
            self.cancelled.add(task)
            if task in self.leased or running:
                continue
            place = self._forget(task, keep_order=False)
            if place is not None:
                line = self._line(place)
                lines.add(line)
                if self.finish.get(line, 0) == place[1] + self._cost(task.user):
                    self.finish[line] = place[1]
        self._keep_order(lines)
        return sum(task in self.leased for task in tasks)

    def wipe(self) -> None:
        for place in self._places():
            place.clear()
        self.lost.clear()
        self.anew.clear()
        self.cancelled.clear()
        self.virtual.clear()
        self.finish.clear()

    # -- who is next -----------------------------------------------------------------------------

    def _new_place(self, task: Member, band: int) -> Place:
        line = (band, task.user)
        tag = max(self.virtual.get(band, 0), self.finish.get(line, 0))
        self.finish[line] = tag + self._cost(task.user)
        return band, tag, task

    def _old_place(self, place: Place) -> Place:
        band, tag, task = place
        return band, min(tag, self.virtual.get(band, 0)), task

    def _cost(self, user: str) -> int:
        return round(COST / self.weights.get(user, 1))

    def _line(self, place: Place) -> Line:
        return place[0], place[2].user

    def _in_line(self) -> list[Place]:
        return [*self.waiting.values(), *self.roomed.values()]

    def _keep_order(self, changed: set[Line]) -> None:
        ended = changed - {self._line(each) for each in self._in_line()}
        for band, user in ended:
            latest = self.virtual.get(band, 0) + self._cost(user)
            self.finish[band, user] = min(self.finish.get((band, user), 0), latest)
        for band in {band for band, _ in ended}:
            if not self.roomed and not self.parked and band not in self._bands():
                self.virtual.pop(band, None)
                self.finish = {line: tag for line, tag in self.finish.items() if line[0] != band}

    def forget_more(self) -> None:
        """What a claim does that leaves nothing waiting."""
        if not self.waiting and not self.roomed and not self.parked and self.finish:
            bands = [band for band, _ in self.finish]
            self._forget_band(min(bands))

    def _forget_band(self, band: int) -> None:
        self.virtual.pop(band, None)
        self.finish = {line: tag for line, tag in self.finish.items() if line[0] != band}

    def _bands(self) -> set[int]:
        return {place[0] for place in self.waiting.values()}

    # -- places ----------------------------------------------------------------------------------

    def _places(self) -> list[dict[Member, object]]:
        return [self.waiting, self.roomed, self.leased, self.delayed, self.parked]  # type: ignore[list-item]

    def _forget(self, task: Member, *, keep_order: bool = True) -> Place | None:
        place = self.waiting.get(task) or self.roomed.get(task)
        for each in self._places():
            each.pop(task, None)
        self.lost.discard(task)
        self.anew.discard(task)
        if keep_order and place is not None:
            self._keep_order({self._line(place)})
        return place

    def _end_lease(self, task: Member) -> None:
        del self.leased[task]
        self.anew.discard(task)
        self.cancelled.discard(task)
