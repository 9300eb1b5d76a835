import asyncio
import contextlib
import time

import psutil
import pytest

from penstock import PermanentError
from penstock_ai.child import run_in_child
from tests.services.installation import wait_until
from tests.services.process_tree import children_of
from tests.services.standstill import STANDSTILL

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
HUGE = "{{ ('x' * 999999999) * 9 }}"


def job_processes():
    """Of those that this process has started, the ones that run a job, with their environments."""
    found = {}
    for each, command in children_of():
        with contextlib.suppress(psutil.Error):
            # Between fork and exec a child still looks like its parent.
            if "penstock_ai.child_jobs" in command:
                found[each.pid] = each.environ()
    return found


async def started():
    await asyncio.to_thread(wait_until, job_processes, what="the job's process")
    return next(iter(job_processes().values()))


async def test_a_cancelled_job_is_dead_when_the_cancellation_returns():
    job = asyncio.create_task(run_in_child("template", template=ENDLESS, data={}))
    await started()

    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job

    assert job_processes() == {}


async def test_a_job_that_takes_too_long_is_killed(monkeypatch):
    monkeypatch.setattr("penstock_ai.child.MAX_SECONDS", 0.5)
    begun = time.monotonic()

    with pytest.raises(PermanentError, match="'template' took more time or memory") as caught:
        await run_in_child("template", template=ENDLESS, data={})

    assert caught.value.code == "too_complex"
    assert job_processes() == {}
    assert time.monotonic() - begun < 0.5 + STANDSTILL


async def test_a_job_that_takes_too_much_memory_ends_by_itself():
    with pytest.raises(PermanentError, match="took more memory than it may") as caught:
        await run_in_child("template", template=HUGE, data={})

    assert caught.value.code == "too_complex"


async def test_the_event_loop_is_free_meanwhile():
    job = asyncio.create_task(run_in_child("template", template="x", data={}))
    turns = 0
    while not job.done():
        await asyncio.sleep(0)
        turns += 1

    assert await job == "x"
    assert turns > 100


async def test_a_job_finds_no_secret_in_its_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    job = asyncio.create_task(run_in_child("template", template=ENDLESS, data={}))
    try:
        environment = await started()
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)

    assert set(environment) <= {"PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"}


async def test_a_fault_in_a_job_shows_its_traceback():
    with pytest.raises(RuntimeError, match="unexpected keyword argument 'nonsense'"):
        await run_in_child("template", nonsense=1)
