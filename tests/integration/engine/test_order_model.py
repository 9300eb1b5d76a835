"""Any sequence of calls leaves the engine where a small model in Python is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar, Literal, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Lease, RedisServers, Settlement
from penstock.engine.keys import QueueKeys
from tests.integration.engine.conftest import silence
from tests.services.index import new_index

T = TypeVar("T")
KINDS: list[Literal["done", "delay", "back"]] = ["done", "delay", "back"]
ACME = Queue("acme", global_concurrency=6)


class Line(RuleBasedStateMachine):
    """Waiting tasks by band and ticket; leased ones keep theirs; delayed ones stay delayed."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.engine = Engine(
            RedisServers(self.url), namespace=f"m-{uuid4().hex}", lease=timedelta(hours=1)
        )
        self.run(new_index(self.engine, "acme"))
        self.tickets = iter(range(10**9))
        self.waiting: dict[UUID, tuple[int, int]] = {}
        self.leased: dict[UUID, tuple[Lease, tuple[int, int]]] = {}
        self.delayed: set[UUID] = set()
        self.lost: list[Lease] = []

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def teardown(self) -> None:
        keys = QueueKeys.of(self.engine.namespace, "acme")
        self.run(self.delete(keys))
        self.run(self.engine.close())
        self.loop.close()

    async def delete(self, keys: QueueKeys) -> None:
        await self.engine._commands.delete(*keys)

    async def expire(self, task: UUID) -> None:
        leases = QueueKeys.of(self.engine.namespace, "acme").leases
        await self.engine._commands.zadd(leases, {task.bytes: 1})

    @rule(priorities=st.lists(st.sampled_from(Priority), min_size=1, max_size=5))
    def enqueue(self, priorities: list[Priority]) -> None:
        entries = [Entry(id=uuid7(), priority=each) for each in priorities]
        assert self.run(self.engine.enqueue("acme", entries)) == len(entries)
        for each in entries:
            self.waiting[each.id] = (-each.priority, next(self.tickets))

    @rule(priority=st.sampled_from(Priority), delay=st.sampled_from([0, 60]))
    def hand_over_again(self, priority: Priority, delay: int) -> None:
        known = [*self.waiting, *self.leased, *self.delayed]
        again = [
            Entry(id=each, priority=priority, delay=timedelta(seconds=delay)) for each in known
        ]
        assert self.run(self.engine.enqueue("acme", again)) == 0

    @rule(want=st.integers(0, 4))
    def claim(self, want: int) -> None:
        self.take(want, [])

    @rule(data=st.data(), want=st.integers(0, 2))
    def settle(self, data: st.DataObject, want: int) -> None:
        if not self.leased:
            return
        task = data.draw(st.sampled_from(sorted(self.leased)))
        kind = data.draw(st.sampled_from(KINDS))
        lease, place = self.leased.pop(task)
        if kind == "delay":
            self.delayed.add(task)
        elif kind == "back":
            self.waiting[task] = place
        self.lost.append(lease)
        self.take(want, [Settlement(lease=lease, kind=kind, delay=timedelta(hours=1))])

    @rule(data=st.data())
    def settle_what_was_lost(self, data: st.DataObject) -> None:
        if self.lost:
            self.take(0, [Settlement(lease=data.draw(st.sampled_from(self.lost)), kind="back")])

    @rule()
    def all_workers_die(self) -> None:
        # What a lease without heartbeats comes to, without waiting for it.
        for task, (lease, place) in self.leased.items():
            self.run(self.expire(task))
            self.waiting[task] = place
            self.lost.append(lease)
        claim = self.run(self.engine.claim(ACME, 0))
        assert claim.expired == len(self.leased)
        self.leased = {}

    def take(self, want: int, settlements: list[Settlement]) -> None:
        claim = self.run(self.engine.claim(ACME, want, settlements))
        room = 6 - len(self.leased)
        expected = sorted(self.waiting, key=self.waiting.__getitem__)[: min(want, room)]
        assert [each.id for each in claim.leases] == expected
        for lease in claim.leases:
            self.leased[lease.id] = (lease, self.waiting.pop(lease.id))

    @invariant()
    def the_counts_agree(self) -> None:
        counts = self.run(self.engine.counts(["acme"]))["acme"]
        assert (counts.waiting, counts.active, counts.delayed) == (
            len(self.waiting),
            len(self.leased),
            len(self.delayed),
        )


@pytest.fixture
def line(redis_url: str) -> type[Line]:
    class LineHere(Line):
        url = redis_url

    return LineHere


def test_the_engine_agrees_with_its_model(line: type[Line]) -> None:
    run_state_machine_as_test(
        line,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
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
        await engine.enqueue("acme", [Entry(id=each, priority=Priority.LOW)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    urgent = uuid7()
    await engine.enqueue("acme", [Entry(id=urgent, priority=Priority.URGENT)])
    if kind == "expired":
        await silence(engine, engine.lease.total_seconds() + 0.02)
    else:
        await engine.claim(ACME, 0, [Settlement(lease=lease, kind=kind)])

    order = [each.id for each in (await engine.claim(ACME, 5)).leases]

    # One that was delayed gets a new place when it is due, within its band.
    assert order == ([urgent, second, low] if kind == "delay" else [urgent, low, second])
