"""No handler takes the memory of the machine, and none pays for another."""

import logging

import pytest

from penstock.processes import memory
from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock.testing import Harness
from tests.services.process_life import is_alive
from tests.services.size_limits import LIMITS
from tests.unit.processes import eating_handlers
from tests.unit.processes.conftest import Run
from tests.unit.processes.handlers import MIB, Job

limited = pytest.mark.skipif(
    not memory.IS_ENFORCED, reason="only Linux limits the memory that a process maps"
)


@limited
@pytest.mark.parametrize("how", ["", "bits"])
async def test_a_handler_that_needs_more_than_it_may_fails_with_the_limit(
    run: Run, how: str
) -> None:
    pid = await run(eating_handlers.eats, Job(text="leave"))

    with pytest.raises(HandlerError) as caught:
        await run(eating_handlers.eats, Job(number=400, text=how))

    report = caught.value.report
    assert (report.code, report.type_name) == ("memory_limit", "MemoryError")
    assert report.message == (
        "its process needed more memory than the 300 MiB (max_memory) of task type 'processes.eats'"
    )
    assert "eating_handlers.py" in report.traceback
    # Replaced, and what is within the limit goes on as before.
    assert not is_alive(pid)
    assert await run(eating_handlers.eats, Job(number=200)) == 200 * MIB


@limited
async def test_there_is_memory_to_say_what_happened(run: Run) -> None:
    with pytest.raises(HandlerError) as caught:
        await run(eating_handlers.eats, Job(text="words"))

    assert caught.value.report.code == "memory_limit"
    assert "no room, 157286400 times" in caught.value.report.traceback


async def test_no_limit_is_no_limit(run: Run) -> None:
    assert await run(eating_handlers.eats_freely, Job(number=600)) == 600 * MIB


@limited
async def test_what_a_handler_leaves_behind_is_not_counted_against_the_next_one(run: Run) -> None:
    little = await run(eating_handlers.eats, Job(number=10, text="leave"))
    assert await run(eating_handlers.eats, Job(number=160, text="leave")) == little

    # The last one left more than half of what the next one may have.
    assert await run(eating_handlers.eats, Job(number=200)) == 200 * MIB
    assert await run(eating_handlers.eats, Job(text="leave")) != little


async def test_a_system_without_limits_is_said_to_have_none_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, harness: Harness
) -> None:
    monkeypatch.setattr(memory, "IS_ENFORCED", False)
    pool = ProcessPool(LIMITS)
    context = harness.begin(eating_handlers.eats).context
    with caplog.at_level(logging.WARNING):
        for task_type in (
            eating_handlers.eats_freely,
            eating_handlers.eats,
            eating_handlers.eats,
        ):
            await pool.run(task_type, "{}", context, plugin="p")
    await pool.close()

    assert caplog.text.count("max_memory of task types is not enforced on this system") == 1


def test_sizes_are_told_in_words() -> None:
    sizes = (2 * 1024**3, 1536 * MIB, 300 * MIB, 1023)
    assert [memory.in_words(size) for size in sizes] == [
        "2 GiB",
        "1.5 GiB",
        "300 MiB",
        "1023 bytes",
    ]
