"""Processes that belong together start in order, and stop together."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest

from penstock.cli.dev.child import Child
from penstock.cli.dev.supervisor import Supervisor

# Says that it is up, and ends when it is told to. Not by print(), which a signal may interrupt.
OBEDIENT = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"asked to stop\\n"), sys.exit(0)))
os.write(1, b"up\\n")
while True: signal.pause()
"""
STUBBORN = OBEDIENT.replace("sys.exit(0)", "None")


class Stage:
    """A supervisor, what it says, and what its children write."""

    def __init__(self, grace=timedelta(seconds=30)):
        self.said: list[str] = []
        self.lines: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        self.supervisor = Supervisor(grace=grace, say=self.said.append)

    def child(self, name, program):
        return Child(name, [sys.executable, "-c", program], os.environ, self._write)

    async def until(self, *lines):
        async with asyncio.timeout(20):
            while not set(lines) <= set(self.lines):
                self._news.clear()
                await self._news.wait()

    async def stop_after(self, *lines):
        await self.until(*lines)
        self.supervisor.stop()

    def _write(self, name, line):
        self.lines.append((name, line))
        self._news.set()


async def test_all_stop_in_the_opposite_order_when_told_to():
    stage = Stage()

    code = await stage.supervisor.keep(
        [stage.child("api", OBEDIENT), stage.child("worker", OBEDIENT)],
        meanwhile=stage.stop_after(("api", "up"), ("worker", "up")),
    )

    assert code == 0
    assert stage.lines[2:] == [("worker", "asked to stop"), ("api", "asked to stop")]
    assert stage.said == ["stopping; press Ctrl-C again to stop at once"]


async def test_one_that_ends_by_itself_stops_the_rest_and_is_named():
    stage = Stage()

    async def end_the_worker():
        await stage.until(("api", "up"))

    code = await stage.supervisor.keep(
        [stage.child("api", OBEDIENT), stage.child("worker", "raise SystemExit(7)")],
        meanwhile=end_the_worker(),
    )

    assert code == 1
    assert stage.said == ["worker ended (exit code 7); stopping the rest"]


async def test_one_that_is_killed_is_named_with_the_signal():
    stage = Stage()
    program = "import os; os.kill(os.getpid(), 9)"

    await stage.supervisor.keep([stage.child("api", program)], meanwhile=asyncio.sleep(0))

    assert stage.said == ["api ended (killed by SIGKILL); stopping the rest"]


async def test_something_else_that_ends_stops_the_rest_as_well():
    stage = Stage()

    async def redis_is_gone():
        await stage.until(("api", "up"))
        return "redis is gone"

    code = await stage.supervisor.keep(
        [stage.child("api", OBEDIENT)], meanwhile=asyncio.sleep(0), also=[redis_is_gone()]
    )

    assert code == 1
    assert stage.said == ["redis is gone; stopping the rest"]
    assert ("api", "asked to stop") in stage.lines


async def test_one_that_does_not_stop_is_killed_when_its_grace_is_over():
    stage = Stage(grace=timedelta(milliseconds=300))

    code = await stage.supervisor.keep(
        [stage.child("worker", STUBBORN)], meanwhile=stage.stop_after(("worker", "up"))
    )

    assert code == 0
    assert ("worker", "asked to stop") in stage.lines


async def test_a_second_stop_does_not_wait_for_the_grace_to_be_over():
    stage = Stage(grace=timedelta(hours=1))

    async def stop_twice():
        await stage.stop_after(("worker", "up"))

    async def hurry():
        await stage.until(("worker", "asked to stop"))
        stage.supervisor.stop()

    hurrying = asyncio.create_task(hurry())
    async with asyncio.timeout(20):
        await stage.supervisor.keep([stage.child("worker", STUBBORN)], meanwhile=stop_twice())
    await hurrying


async def test_a_failure_beside_the_children_stops_them_and_is_raised():
    stage = Stage()

    async def fail():
        await stage.until(("api", "up"))
        raise LookupError("no welcome")

    with pytest.raises(LookupError, match="no welcome"):
        await stage.supervisor.keep([stage.child("api", OBEDIENT)], meanwhile=fail())

    assert ("api", "asked to stop") in stage.lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signals_stop_it(number):
    stage = Stage()

    async def send():
        await stage.until(("api", "up"))
        os.kill(os.getpid(), number)

    with stage.supervisor.signals():
        code = await stage.supervisor.keep([stage.child("api", OBEDIENT)], meanwhile=send())

    assert code == 0


async def test_a_step_that_fails_is_named():
    stage = Stage()

    assert await stage.supervisor.complete(stage.child("migrate", "print('1')"))
    assert not await stage.supervisor.complete(stage.child("migrate", "raise SystemExit(3)"))
    assert stage.said == ["migrate failed (exit code 3)"]


async def test_a_step_is_stopped_when_told_to():
    stage = Stage()
    stopping = asyncio.create_task(stage.stop_after(("migrate", "up")))

    assert not await stage.supervisor.complete(stage.child("migrate", OBEDIENT))

    await stopping
    assert stage.said == []
    assert ("migrate", "asked to stop") in stage.lines


async def test_ctrl_c_in_the_terminal_does_not_reach_the_children():
    stage = Stage()

    await stage.supervisor.complete(stage.child("x", "import os; print(os.getpgrp())"))

    assert stage.lines != [("x", str(os.getpgrp()))]


async def test_output_comes_through_line_by_line_however_it_is_written():
    stage = Stage()
    program = (
        "import os; w = os.write\n"
        "w(1, b'one\\r\\ntw'); w(2, b'o\\n'); w(1, bytes([0xff])); w(1, b'\\nlast without an end')"
    )

    await stage.supervisor.complete(stage.child("x", program))

    assert [line for _, line in stage.lines] == ["one", "two", "�", "last without an end"]


async def test_a_line_without_an_end_is_passed_on_in_pieces():
    stage = Stage()

    await stage.supervisor.complete(stage.child("x", "print('a' * 3_000_000)"))

    assert sum(len(line) for _, line in stage.lines) == 3_000_000
    assert len(stage.lines) > 1
