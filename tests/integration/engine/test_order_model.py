"""Any sequence of calls leaves the engine where a small model in Python is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Heartbeat, Lease, Member, RedisServers, Settlement
from penstock.engine.keys import QueueKeys
from tests.integration.engine.conftest import silence
from tests.integration.engine.queue_model import Place, QueueModel
from tests.services.index import new_index

T = TypeVar("T")
Kind = Literal["done", "delay", "back", "stale", "park", "presume"]
# Most often it is done: only what is taken and does not come back moves the virtual time.
KINDS: list[Kind] = ["done", "done", "done", "delay", "back", "stale", "park", "presume"]
TYPES = ["acme.a", "acme.ab", "acme.b"]
LONG = timedelta(hours=1)
_MOST_TASKS = 12
_MOST_GONE = 4
USERS = ["", "heavy", "light"]
WEIGHTS = {"heavy": 3, "light": 0.5}
ACME = Queue("acme")
_CAPACITY = 6
NO_LIMIT = _CAPACITY
# Order shows within a band.
priorities = st.sampled_from([Priority.URGENT, *[Priority.NORMAL] * 6, Priority.LOW])
some = st.lists(st.integers(0, 1000), min_size=1, max_size=3)


class Line(RuleBasedStateMachine):
    """One queue; time passes only where a rule says so."""

    url: ClassVar[str]
    user_concurrency: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        namespace = f"m-{uuid4().hex}"
        servers = RedisServers(self.url)
        self.engine = Engine(servers, namespace=namespace, lease=LONG)
        self.heartbeat = Heartbeat(servers, namespace=namespace, lease=LONG, worker="w")
        self.keys = QueueKeys.of(namespace, "acme")
        self.run(new_index(self.engine, "acme"))
        self.queue = Queue(
            "acme",
            global_concurrency=_CAPACITY,
            user_concurrency=self.user_concurrency,
            user_weights=WEIGHTS,
        )
        self.model = QueueModel(
            capacity=_CAPACITY, user_concurrency=self.user_concurrency, weights=dict(WEIGHTS)
        )
        self.known: list[Member] = []
        # Every lease that was ever given, with the place in line that it carries.
        self.leases: list[tuple[Lease, Place]] = []

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def teardown(self) -> None:
        self.run(self.redis("delete", *self.keys))
        self.run(self.engine.close())
        self.heartbeat.close()
        self.loop.close()

    async def redis(self, command: str, *arguments: Any) -> Any:
        return await getattr(self.engine._commands, command)(*arguments)

    def pick(self, numbers: Sequence[int], tasks: Sequence[T]) -> list[T]:
        """Some of ``tasks``, each once."""
        return list(
            {number % len(tasks): tasks[number % len(tasks)] for number in numbers}.values()
        )

    # -- putting in ----------------------------------------------------------------------------

    @rule(
        new=st.lists(
            st.tuples(
                st.sampled_from(USERS),
                priorities,
                st.sampled_from(["due", "due", "delayed", "running"]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def enqueue(self, new: list[tuple[str, Priority, str]]) -> None:
        # Few tasks, so that much happens to each of them.
        if self.model.size < _MOST_TASKS:
            self.put([(Member(uuid7(), user), priority, how) for user, priority, how in new])

    @rule(
        numbers=some,
        priority=priorities,
        how=st.sampled_from(["due", "delayed", "running", "again", "again_after_holder"]),
        unless_cancelled=st.booleans(),
    )
    def enqueue_known(
        self, numbers: list[int], priority: Priority, how: str, *, unless_cancelled: bool
    ) -> None:
        if self.known:
            tasks = [(task, priority, how) for task in self.pick(numbers, self.known)]
            self.put(tasks, unless_cancelled=unless_cancelled)

    def put(
        self, tasks: list[tuple[Member, Priority, str]], *, unless_cancelled: bool = False
    ) -> None:
        entries = []
        for task, priority, how in tasks:
            kind: Any = {"delayed": "due", "again_after_holder": "again"}.get(how, how)
            delay = LONG if how == "delayed" else timedelta(0)
            lease = self.lease_of(task) if how == "again_after_holder" else 0
            entries.append(
                Entry(member=task, priority=priority, delay=delay, kind=kind, lease=lease)
            )
        added = self.run(
            self.engine.enqueue("acme", entries, unless_cancelled=unless_cancelled, weights=WEIGHTS)
        )
        assert added == sum(
            self.model.enqueue(
                entry.member,
                entry.priority,
                "delayed" if entry.delay else entry.kind,
                unless_cancelled=unless_cancelled,
                lease=entry.lease,
            )
            for entry in entries
        )
        self.known += [task for task, _, _ in tasks if task not in self.known]
        gone = [task for task in self.known if not self.model.has(task)]
        forgotten = set(gone[:-_MOST_GONE])
        self.known = [task for task in self.known if task not in forgotten]

    def lease_of(self, task: Member) -> int:
        held, _ = self.model.leased.get(task, (None, None))
        return held.number if held else 0

    # -- taking out ----------------------------------------------------------------------------

    @rule(want=st.integers(0, 4), types=st.sets(st.sampled_from(TYPES)).map(sorted))
    def claim(self, want: int, types: list[str]) -> None:
        self.take(want, [], types)

    @rule(
        numbers=some,
        kind=st.sampled_from(KINDS),
        task_type=st.sampled_from(TYPES),
        want=st.integers(0, 2),
    )
    def settle(self, numbers: list[int], kind: Kind, task_type: str, want: int) -> None:
        self.settle_some(numbers, self.leases, kind, task_type, want)

    @rule(numbers=some, kind=st.sampled_from(KINDS))
    def settle_what_somebody_else_holds(self, numbers: list[int], kind: Kind) -> None:
        held = self.model.leased
        lost = [each for each in self.leases if held.get(each[0].member, each)[0] is not each[0]]
        self.settle_some(numbers, lost, kind, TYPES[0], 0)

    @rule(
        numbers=some,
        kind=st.sampled_from(KINDS),
        task_type=st.sampled_from(TYPES),
        want=st.integers(0, 2),
    )
    def settle_what_is_held(
        self, numbers: list[int], kind: Kind, task_type: str, want: int
    ) -> None:
        held = [
            each
            for each in self.leases
            if self.model.leased.get(each[0].member, (None,))[0] is each[0]
        ]
        self.settle_some(numbers, held, kind, task_type, want)

    def settle_some(
        self,
        numbers: list[int],
        leases: list[tuple[Lease, Place]],
        kind: Kind,
        task_type: str,
        want: int,
    ) -> None:
        if not leases:
            return
        settlements = [
            Settlement(lease=lease, kind=kind, delay=LONG, task_type=task_type)
            for lease, _ in self.pick(numbers, leases)
        ]
        for each in settlements:
            self.model.settle(each.lease, kind, task_type)
        self.take(want, settlements, [])

    def take(self, want: int, settlements: list[Settlement], types: list[str]) -> None:
        expected = self.model.claim(want, types)
        claim = self.run(self.engine.claim(self.queue, want, settlements, parked=types))
        assert [(each.member, each.orphan) for each in claim.leases] == expected
        self.model.take(list(claim.leases))
        self.model.forget_more()
        self.leases += [(each, self.model.leased[each.member][1]) for each in claim.leases]
        assert claim.parked == len(self.model.parked)

    @rule(numbers=some, running=st.booleans())
    def cancel(self, numbers: list[int], *, running: bool) -> None:
        if self.known:
            tasks = self.pick(numbers, self.known)
            told = self.run(self.engine.cancel("acme", tasks, running=running, weights=WEIGHTS))
            assert told == self.model.cancel(tasks, running=running)

    # -- what time and mishaps bring -------------------------------------------------------------

    @rule(numbers=some)
    def leases_run_out(self, numbers: list[int]) -> None:
        if self.model.leased:
            tasks = self.pick(numbers, sorted(self.model.leased))
            for each in tasks:
                self.run(self.redis("zadd", self.keys.leases, {each.encode(): 1}))
                self.model.expire(each)
            assert self.run(self.engine.claim(self.queue, 0)).expired == len(tasks)
            self.model.forget_more()

    @rule(number=st.integers(0, 1000))
    def a_task_is_due(self, number: int) -> None:
        if self.model.delayed:
            (task,) = self.pick([number], sorted(self.model.delayed))
            self.run(self.redis("zadd", self.keys.delayed, {task.encode(): 1}))
            self.run(self.engine.claim(self.queue, 0))
            self.model.promote(task)
            self.model.forget_more()

    @rule()
    def a_worker_beats(self) -> None:
        self.beat(self.leases, may_be_lost=False)

    @rule(numbers=some, may_be_lost=st.booleans())
    def a_worker_beats_that_knows_no_better(self, numbers: list[int], *, may_be_lost: bool) -> None:
        self.beat(self.pick(numbers, self.leases) if self.leases else [], may_be_lost=may_be_lost)

    def beat(self, held: list[tuple[Lease, Place]], *, may_be_lost: bool) -> None:
        # A worker has one lease of a task at a time, and none of an earlier index here.
        epoch = self.run(self.redis("get", self.keys.epoch)).decode()
        held = list({lease.member: (lease, place) for lease, place in held}.values())
        held = [(lease, place) for lease, place in held if lease.epoch == epoch]
        beat = self.heartbeat.renew("acme", [lease for lease, _ in held], may_be_lost=may_be_lost)
        kept = [
            lease
            for lease, place in held
            if self.model.renew(lease, place, may_be_lost=may_be_lost)
        ]
        assert [lease for lease, _ in held if lease not in beat.lost] == kept
        assert list(beat.cancelled) == [
            each for each in kept if each.member in self.model.cancelled
        ]
        assert beat.waiting == len(self.model.waiting) + len(self.model.roomed)

    @rule(chance=st.integers(0, 19))
    def redis_is_wiped(self, chance: int) -> None:
        # Seldom: what comes of many calls shall be seen.
        if chance < 19:
            return
        self.run(self.redis("delete", *self.keys))
        assert self.run(new_index(self.engine, "acme"))
        self.model.wipe()

    # -- what always holds -----------------------------------------------------------------------

    @invariant()
    def the_counts_agree(self) -> None:
        counts = self.run(self.engine.counts(["acme"]))["acme"]
        assert (counts.waiting, counts.active, counts.delayed, counts.parked) == (
            len(self.model.waiting) + len(self.model.roomed),
            len(self.model.leased),
            len(self.model.delayed),
            len(self.model.parked),
        )

    @invariant()
    def nothing_is_missing_but_what_is_gone(self) -> None:
        missing = self.run(self.engine.missing("acme", self.known))
        assert missing == [each for each in self.known if not self.model.has(each)]


@pytest.fixture(params=[1, NO_LIMIT])
def line(request: pytest.FixtureRequest, redis_url: str) -> type[Line]:
    class LineHere(Line):
        url = redis_url
        user_concurrency = request.param

    return LineHere


def test_the_engine_agrees_with_its_model(line: type[Line]) -> None:
    run_state_machine_as_test(
        line,
        settings=settings(
            max_examples=60,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("kind", ["back", "expired", "delay"])
async def test_a_task_that_comes_back_stays_behind_more_urgent_ones(
    engine: Engine, kind: Literal["back", "expired", "delay"]
) -> None:
    low, second = uuid7(), uuid7()
    for each in (low, second):
        await engine.enqueue("acme", [Entry(member=Member(each), priority=Priority.LOW)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    urgent = uuid7()
    await engine.enqueue("acme", [Entry(member=Member(urgent), priority=Priority.URGENT)])
    if kind == "expired":
        await silence(engine, engine.lease.total_seconds() + 1)
    else:
        await engine.claim(ACME, 0, [Settlement(lease=lease, kind=kind)])

    order = [each.id for each in (await engine.claim(ACME, 5)).leases]

    # One that was delayed gets a new place when it is due, within its band.
    assert order == ([urgent, second, low] if kind == "delay" else [urgent, low, second])
