"""Waiting for slots, on a real event loop."""

import asyncio
import time
from typing import Any

import pytest

from penstock.broker import ready_line
from penstock.broker.ready_line import ReadyLine


class Slots:
    """So many are idle; what is taken needs one."""

    def __init__(self, idle):
        self.idle = idle
        self.sent_away = []
        self.impatience = asyncio.Event()
        # Numbers stand for deliveries, which it only hands out.
        self.line: Any = ReadyLine(idle_slots=lambda: self.idle, impatient=self.send_away)

    def send_away(self, waiting):
        self.sent_away += waiting
        self.impatience.set()

    async def take(self):
        taken = await asyncio.wait_for(self.line.take(), 10)
        self.idle -= len(taken)
        self.line.look()
        return taken

    def free(self, count):
        self.idle += count
        self.line.look()


async def test_they_begin_in_their_order_and_never_more_than_there_are_slots(monkeypatch):
    monkeypatch.setattr(ready_line, "LONGEST_WAIT", 1000)
    slots = Slots(idle=3)
    slots.line.add([1, 2])
    slots.line.add([3, 4, 5])

    assert await slots.take() == [1, 2, 3]
    waiting = asyncio.create_task(slots.take())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    slots.free(1)
    assert await waiting == [4]
    assert len(slots.line) == 1


async def test_many_do_not_begin_in_one_turn_of_the_loop(monkeypatch):
    monkeypatch.setattr(ready_line, "_FAR_TOO_LONG", 1000)
    slots = Slots(idle=1000)
    slots.line.add(list(range(1000)))
    turns = 0

    async def count_turns():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count_turns())
    taken: list[Any] = []
    while len(taken) < 1000:
        taken += await slots.take()
    counting.cancel()

    assert taken == list(range(1000))
    assert turns >= 1000 / ready_line._MOST_AT_ONCE - 1


async def test_without_a_slot_all_are_sent_away_after_a_while():
    slots = Slots(idle=0)
    slots.line.add([1, 2])

    await asyncio.wait_for(slots.impatience.wait(), 10)

    assert slots.sent_away == [1, 2]
    assert len(slots.line) == 0


async def test_after_the_loop_was_blocked_they_have_another_while(monkeypatch):
    monkeypatch.setattr(ready_line, "_FAR_TOO_LONG", 1000)
    slots = Slots(idle=0)
    slots.line.add([1, 2])
    time.sleep(ready_line.LONGEST_WAIT + 2 * ready_line._LATE)  # noqa: ASYNC251  (the point)
    await asyncio.sleep(0)
    assert slots.sent_away == []
    slots.free(2)

    assert await slots.take() == [1, 2]


async def test_those_who_came_later_are_not_sent_away_early(monkeypatch):
    monkeypatch.setattr(ready_line, "_FAR_TOO_LONG", 1000)
    slots = Slots(idle=1)
    slots.line.add([1])
    await asyncio.sleep(ready_line.LONGEST_WAIT / 2)
    assert await slots.take() == [1]
    added = asyncio.get_running_loop().time()
    slots.line.add([2])

    await asyncio.wait_for(slots.impatience.wait(), 10)

    assert asyncio.get_running_loop().time() - added >= ready_line.LONGEST_WAIT


@pytest.mark.parametrize("idle", [0, 5])
async def test_whoever_clears_it_has_all(idle):
    slots = Slots(idle=idle)
    slots.line.add([1, 2, 3])

    assert slots.line.clear() == [1, 2, 3]
    assert len(slots.line) == 0


async def test_nobody_is_sent_away_while_slots_are_free_however_slowly_they_fill(monkeypatch):
    monkeypatch.setattr(ready_line, "_FAR_TOO_LONG", 1000)
    slots = Slots(idle=100)
    slots.line.add(list(range(100)))
    taken: list[Any] = []
    for _ in range(4):
        taken += await slots.take()
        await asyncio.sleep(ready_line.LONGEST_WAIT / 2)

    assert slots.sent_away == []
    assert taken == list(range(100))


async def test_a_loop_that_is_blocked_again_and_again_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(ready_line, "_FAR_TOO_LONG", 1.0)
    slots = Slots(idle=0)
    slots.line.add([1, 2])
    began = time.monotonic()
    while not slots.sent_away and time.monotonic() - began < 10:
        time.sleep(ready_line.LONGEST_WAIT + 2 * ready_line._LATE)  # noqa: ASYNC251  (the point)
        await asyncio.sleep(0)

    assert slots.sent_away == [1, 2]
    assert time.monotonic() - began >= 1.0
