"""What is claimed while others are at the start gate."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from uuid_utils.compat import uuid7

from penstock.broker.at_gate import AtGate
from penstock.broker.delivery import Delivery
from penstock.broker.providers import Admission
from penstock.engine import EngineUnavailableError, Lease, Settlement
from penstock.engine.member import Member
from penstock.ledger import CancelWish, StartedTask


def leases(count: int) -> list[Lease]:
    return [
        Lease(member=Member(uuid7()), queue="acme", epoch="2", token=b"1.%d" % i, score=b"5")
        for i in range(count)
    ]


def started(lease: Lease) -> StartedTask:
    now = datetime.now(UTC)
    return StartedTask(
        lease.id, "acme.letter", "acme", 1, 1, 3, 0, 5, None, None, None, "{}", None, now
    )


class Gate:
    """Lets nobody pass until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.batches: list[Sequence[Lease]] = []
        self.error: Exception | None = None

    async def open(self, leases: Sequence[Lease]) -> tuple[list[Delivery], list[Settlement]]:
        self.batches.append(leases)
        await self.opened.wait()
        if self.error is not None:
            raise self.error
        return [Delivery(started(each), each) for each in leases], []

    async def estimates(self, leases: Sequence[Lease]) -> None:
        raise AssertionError


class NoProviders:
    error: Exception | None = None

    async def admit(self, leases: Sequence[Lease], *, estimates: object) -> Admission:
        if self.error is not None:
            raise self.error
        return Admission(leases=leases)


class Scene:
    def __init__(self) -> None:
        self.gate = Gate()
        self.providers = NoProviders()
        self.passed: list[Lease] = []
        self.heard: list[tuple[int, int]] = []
        self.turned_back: list[Settlement] = []
        self.broken: list[BaseException] = []
        self.at_gate = AtGate(
            self.gate,  # type: ignore[arg-type]
            self.providers,  # type: ignore[arg-type]
            passed=self.note,
            turned_back=self.turned_back.extend,
            broken=self.broken.append,
        )

    def note(self, deliveries: Sequence[Delivery]) -> None:
        self.passed += [each.lease for each in deliveries]
        self.heard.append((len(self.at_gate.wishes), len(self.at_gate.refused)))


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_gathers_meanwhile_passes_together_and_in_order(scene: Scene) -> None:
    claimed = leases(6)
    scene.at_gate.add(claimed[:2])
    await settled()
    scene.at_gate.add(claimed[2:3])
    scene.at_gate.add(claimed[3:])
    await settled()
    assert (len(scene.at_gate), scene.passed) == (6, [])

    scene.gate.opened.set()
    await settled()

    assert scene.gate.batches == [claimed[:2], claimed[2:]]
    assert scene.passed == claimed
    assert len(scene.at_gate) == 0


async def test_what_is_heard_of_a_task_stays_until_that_task_has_passed(scene: Scene) -> None:
    first, second = leases(2)
    scene.at_gate.add([first])
    await settled()
    scene.at_gate.add([second])
    scene.at_gate.wishes[second.id] = CancelWish(1, "changed my mind")
    scene.at_gate.refused.add(second.token)
    assert second in scene.at_gate

    scene.gate.opened.set()
    await settled()

    assert scene.heard == [(1, 1), (1, 1)]
    assert (scene.at_gate.wishes, scene.at_gate.refused) == ({}, set())


async def test_all_go_back_if_the_gate_breaks(scene: Scene) -> None:
    claimed = leases(3)
    scene.gate.error = ZeroDivisionError()
    scene.at_gate.add(claimed[:1])
    await settled()
    scene.at_gate.add(claimed[1:])

    scene.gate.opened.set()
    await settled()

    assert [each.lease for each in scene.turned_back] == claimed
    assert {each.kind for each in scene.turned_back} == {"back"}
    assert scene.broken == [scene.gate.error]
    assert len(scene.at_gate) == 0


async def test_all_go_back_if_it_is_closed(scene: Scene) -> None:
    claimed = leases(3)
    scene.at_gate.add(claimed[:1])
    await settled()
    scene.at_gate.add(claimed[1:])

    await scene.at_gate.close()

    assert [each.lease for each in scene.turned_back] == claimed
    assert scene.broken == []


async def test_they_go_back_if_redis_gives_no_grants_and_the_next_ones_pass(scene: Scene) -> None:
    first, second = leases(2)
    scene.gate.opened.set()
    scene.providers.error = EngineUnavailableError("Redis is away")
    scene.at_gate.add([first])
    await settled()
    assert scene.turned_back == []
    scene.providers.error = None
    scene.at_gate.add([second])
    async with asyncio.timeout(30):
        while len(scene.at_gate):  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)

    assert [each.lease for each in scene.turned_back] == [first]
    assert (scene.passed, scene.broken) == ([second], [])
