"""The in-process harness: what a task does without services, in no time."""

import asyncio
import os
import time
from datetime import timedelta

import pytest
from msgspec import Struct
from taskiq import TaskiqDepends

from penstock import (
    Context,
    Interruption,
    PermanentError,
    Provider,
    Secret,
    TaskFailedError,
    TransientError,
    task,
)
from penstock.dispatch import InvalidInputError
from penstock.testing import Harness
from penstock_upload.settings import UploadSettings
from tests.services.standstill import STANDSTILL
from tests.unit.testing.plugin import (
    ACME,
    PAID,
    Done,
    Job,
    Settings,
    limited,
    process,
    resume,
    say,
    steps,
    work,
)


@pytest.fixture(autouse=True)
def given(harness: Harness) -> None:
    harness.settings(Settings())  # which no installed plugin declares


async def test_the_output_is_what_a_caller_gets(harness: Harness) -> None:
    assert await harness.run(work, Job("a")) == Done("aa", 1, 1)


async def test_settings_are_those_that_the_test_gives(harness: Harness) -> None:
    harness.settings(Settings(factor=3))

    assert (await harness.run(work, Job("a"))).word == "aaa"


class Keys(Struct):
    key: Secret


@task("acme.settings", queue=ACME)
async def shown_settings(kind: str, ctx: Context) -> str:
    """Those of a plugin that is installed, those with a secret, or those that nobody declares."""
    kinds: dict[str, type[Struct]] = {
        "upload": UploadSettings,
        "keys": Keys,
        "forgotten": Forgotten,
    }
    return repr(ctx.settings(kinds[kind]))


class Forgotten(Struct):
    size: int = 1


async def test_settings_that_an_installed_plugin_declares_have_their_defaults(
    harness: Harness,
) -> None:
    assert await harness.run(shown_settings, "upload") == repr(UploadSettings())


async def test_settings_that_no_plugin_declares_fail_as_on_a_worker(harness: Harness) -> None:
    run = await harness.start(shown_settings, "forgotten")

    assert run.status == "failed"
    assert "settings of type Forgotten; return it from the hook penstock_settings" in str(run.error)


async def test_secrets_are_hidden_as_on_a_worker(harness: Harness) -> None:
    given = Keys(key="hunter2")
    harness.settings(given)

    assert await harness.run(shown_settings, "keys") == "Keys(key='***')"
    assert repr(given) == "Keys(key='hunter2')"


async def test_attempts_follow_the_policy_in_no_time(harness: Harness) -> None:
    began = time.monotonic()

    run = await harness.start(work, Job(fail=3))

    assert run.output.attempt == run.attempts == 4
    assert run.delays == [timedelta(minutes=each) for each in (1, 2, 4)]
    assert [each.code for each in run.failures] == ["transient_error"] * 3
    assert run.progress == [(50, "half")] * 4
    assert [(each.run, each.message, each.fields) for each in run.logs][-1] == (
        4,
        "working",
        {"word": "a"},
    )
    assert time.monotonic() - began < STANDSTILL


async def test_a_task_that_fails_for_good_raises_what_its_handler_raised(harness: Harness) -> None:
    run = await harness.start(work, Job(fail=9))

    assert (run.status, run.attempts) == ("failed", 4)
    with pytest.raises(PermanentError) as caught:
        await harness.run(say, "fail")
    assert caught.value.code == "no_way"
    with pytest.raises(ZeroDivisionError):
        await harness.run(say, "break")


async def test_a_snooze_spends_no_attempt(harness: Harness) -> None:
    run = await harness.start(say, "snooze")

    assert (run.output, run.attempts, run.runs) == ("snooze", 1, 3)
    assert run.delays == [timedelta(hours=5)] * 2


async def test_hours_of_waiting_pass_at_once_and_a_timeout_is_kept(harness: Harness) -> None:
    began, before = time.monotonic(), harness.clock.now

    assert await harness.run(say, "wait") == "wait"
    assert harness.clock.now - before >= timedelta(minutes=30)
    with pytest.raises(TaskFailedError) as caught:
        await harness.run(say, "too long")

    assert caught.value.code == "timeout"
    assert time.monotonic() - began < STANDSTILL


async def test_a_run_is_cancelled_where_it_is(harness: Harness) -> None:
    run = harness.start(say, "wait")
    await asyncio.sleep(0.001)
    harness.cancel(run, "enough")

    assert (await run).error
    assert (run.status, run.error and run.error.message) == ("cancelled", "enough")
    with pytest.raises(TaskFailedError):
        _ = run.output


async def test_a_task_that_waits_is_cancelled_at_once(harness: Harness) -> None:
    run = harness.start(work, Job(fail=3))
    while not run.delays:  # noqa: ASYNC110  (an hour of its time passes at once)
        await asyncio.sleep(0)
    run.cancel()

    assert (await run).status == "cancelled"
    assert run.runs == 1


async def test_a_provider_that_wants_a_pause_is_closed_for_others(harness: Harness) -> None:
    before = harness.clock.now
    first = harness.start(limited, "refused")
    while not first.delays:  # noqa: ASYNC110  (as above)
        await asyncio.sleep(0)

    assert await harness.run(limited, "other") == "other"

    assert harness.clock.now - before >= timedelta(minutes=10)
    assert ((await first).attempts, first.delays) == (1, [timedelta(minutes=10)])


async def test_what_a_handler_says_is_reported(harness: Harness) -> None:
    assert (await harness.start(say, "charge")).charged == 25
    assert (await harness.start(say, "delta")).text == "Hello"
    run = await harness.start(say, "file")
    assert run.output == "abc"
    assert await harness.bytes_of(run.artifacts[0]) == b"abc"


async def test_children_are_recorded_once(harness: Harness) -> None:
    await harness.run(say, "children")

    assert [(each.type, each.input, each.delay) for each in harness.children] == [
        ("acme.work", {"word": "b", "fail": 0}, timedelta(hours=1)),
        ("other.task", {"a": 1}, None),
    ]


async def test_after_a_crash_it_goes_on_from_its_checkpoint(harness: Harness) -> None:
    run = await harness.start(resume, "where", crash_after="done")

    assert run.output == ["first@1", "first@2", "second@2"]
    assert (run.attempts, run.runs) == (1, 2)
    assert (await harness.start(resume, "x", crash_after=2)).output == ["first", "second"]


async def test_a_redelivery_finds_what_was_saved(harness: Harness) -> None:
    run = await harness.start(resume, "x")
    again = await harness.start(resume, "x", redelivery_of=run)

    assert (again.id, again.output, again.runs) == (run.id, run.output, 2)
    assert again.saves == []


async def test_a_def_handler_runs_in_a_process(harness: Harness) -> None:
    run = await harness.start(process, Job("b", fail=1))

    assert run.output.word == "bb"
    assert run.output.run != os.getpid()
    assert run.delays == [timedelta(minutes=1)]
    assert run.checkpoints == {"kept": 7}
    assert (run.charged, len(run.artifacts), len(run.children)) == (6, 2, 1)
    assert run.logs[0].message == "working"
    with pytest.raises(ValueError, match="not yet"):
        await harness.run(process, Job(fail=9))


async def test_the_process_of_a_def_handler_dies_and_another_one_goes_on(harness: Harness) -> None:
    run = await harness.start(steps, "a", crash_after="done")

    assert (run.output, run.attempts, run.runs) == ([1, 2], 1, 2)
    before = harness.clock.now
    await harness.run(say, "wait")
    assert harness.clock.now - before >= timedelta(minutes=30)


async def test_a_def_handler_is_cancelled_where_it_is(harness: Harness) -> None:
    run = harness.start(steps, "wait")
    await asyncio.sleep(0.5)
    run.cancel("enough")

    assert (await run).status == "cancelled"


async def test_inline_a_def_handler_runs_here() -> None:
    async with Harness(inline=True) as harness:
        harness.settings(Settings())
        run = await harness.start(process, Job("b", fail=1))

    assert (run.output.word, run.output.run) == ("bb", os.getpid())
    assert run.checkpoints == {"kept": 7}
    assert (run.charged, len(run.artifacts), len(run.children)) == (6, 2, 1)


async def test_a_test_may_call_what_takes_a_context_itself(harness: Harness) -> None:
    harness.settings(Settings(factor=3))
    run = harness.begin(work, attempt=2, user_id="ada")

    with pytest.raises(TransientError):
        await work(Job("a", fail=2), run.context)
    done = await work(Job("a", fail=1), run.context)

    assert done == Done("aaa", attempt=2, run=2)
    assert run.progress == [(50, "half")] * 2
    assert (run.status, run.context.user_id) == ("running", "ada")
    run.cancel("enough")
    assert run.context.interruption == Interruption("cancelled", "enough")


async def test_a_provider_of_the_test_is_there_beside_those_that_are_installed(
    harness: Harness,
) -> None:
    harness.add_providers(PAID)

    found = harness.begin(work).context.providers(Provider)

    assert PAID in found
    assert len(found) > 1


async def test_an_input_that_a_worker_could_not_read_is_refused(harness: Harness) -> None:
    with pytest.raises(InvalidInputError, match="word"):
        await harness.run(work, Job(word=5))  # type: ignore[arg-type]


def _number() -> int:
    return 1


@task("acme.depends", queue=ACME)
async def depends(word: str, number: int = TaskiqDepends(_number)) -> str:
    """Something that a test would rather not call."""
    return f"{word}{number}"


async def test_dependencies_are_resolved_and_may_be_overridden(harness: Harness) -> None:
    assert await harness.run(depends, "a") == "a1"
    async with Harness() as other:
        other.override(_number, lambda: 2)
        assert await other.run(depends, "a") == "a2"


class Empty(Struct):
    pass


async def test_a_thread_gets_its_time(harness: Harness) -> None:
    @task("acme.thread", queue=ACME, timeout=timedelta(seconds=20))
    async def in_thread(_: Empty) -> str:
        """Work elsewhere."""
        await asyncio.to_thread(time.sleep, 0.1)
        return "done"

    assert await harness.run(in_thread, Empty()) == "done"


async def test_a_program_gets_its_time(harness: Harness) -> None:
    @task("acme.program", queue=ACME, timeout=timedelta(seconds=20))
    async def program(_: Empty) -> str:
        """Ask another program."""
        started = await asyncio.create_subprocess_exec(
            "sh", "-c", "sleep 0.4; echo done", stdout=asyncio.subprocess.PIPE
        )
        return (await started.communicate())[0].decode().strip()

    assert await harness.run(program, Empty()) == "done"
