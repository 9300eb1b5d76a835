"""Handlers that fail, and processes that do: each run ends with the reason, and alone."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from penstock import PermanentError, TransientError
from penstock.processes.error_report import ErrorReport, HandlerError
from tests.unit.processes import ending_handlers, handlers
from tests.unit.processes.conftest import Run
from tests.unit.processes.ending_handlers import BaseOfOursError


async def report_of(run: Run, task_type: Any, value: Any, **options: Any) -> ErrorReport:
    with pytest.raises(HandlerError) as caught:
        await run(task_type, value, **options)
    return caught.value.report


async def test_an_exception_comes_with_its_type_message_and_traceback(run: Run) -> None:
    pid = await run(handlers.pid)

    report = await report_of(run, ending_handlers.raises, "ValueError")

    assert (report.type_name, report.message, report.code) == (
        "ValueError",
        "five is right out",
        None,
    )
    assert report.is_a(ValueError)
    assert "ending_handlers.py" in report.traceback
    assert report.traceback.endswith("ValueError: five is right out\n")
    assert await run(handlers.pid) == pid


async def test_a_traceback_has_its_causes(run: Run) -> None:
    report = await report_of(run, ending_handlers.raises, "chain")

    assert "invalid literal for int() with base 10: 'the cause'" in report.traceback
    assert report.traceback.endswith("LookupError: the consequence\n")


async def test_an_exception_that_nobody_can_pickle_or_print_is_described(run: Run) -> None:
    report = await report_of(run, ending_handlers.raises, "own")

    assert report.type_name == "tests.unit.processes.ending_handlers.OwnError"
    assert report.message == "its message cannot be shown: RuntimeError"


async def test_errors_that_steer_bring_what_they_say(run: Run) -> None:
    permanent = await report_of(run, ending_handlers.raises, "permanent")
    transient = await report_of(run, ending_handlers.raises, "transient")
    snooze = await report_of(run, ending_handlers.raises, "snooze")

    assert permanent.is_a(PermanentError)
    assert (permanent.code, permanent.message) == ("not_found", "there is no such page")
    assert transient.is_a(TransientError)
    assert (transient.code, transient.retry_after) == ("busy", timedelta(seconds=7))
    assert snooze.delay == timedelta(minutes=3)


async def test_a_base_class_is_known_by_name(run: Run) -> None:
    report = await report_of(run, ending_handlers.raises, "derived")

    assert report.is_a(KeyError, BaseOfOursError)
    assert not report.is_a(KeyError, PermanentError)


async def test_even_a_huge_message_is_told(run: Run) -> None:
    report = await report_of(run, ending_handlers.raises, "huge")

    assert report.type_name == "ValueError"
    assert len(report.message) < 100_000


async def test_an_interrupt_that_nobody_sent_is_an_exception_like_others(run: Run) -> None:
    report = await report_of(run, ending_handlers.raises, "interrupt")

    assert report.type_name == "KeyboardInterrupt"


@pytest.mark.parametrize(("what", "code"), [("exit", 3), ("exit with words", 1)])
async def test_an_exit_is_a_crash_that_says_where_it_was(run: Run, what: str, code: int) -> None:
    pid = await run(handlers.pid)

    report = await report_of(run, ending_handlers.raises, what)

    assert report.code == "process_crashed"
    assert report.message.endswith(f"in the middle of the run: exit code {code}")
    assert "SystemExit" in report.traceback
    assert await run(handlers.pid) != pid


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("segfault", "crashed: SIGSEGV"),
        ("abort", "crashed: SIGABRT"),
        ("kill", "crashed: SIGKILL, which the worker did not send: the system's out-of-memory"),
        pytest.param(
            "real-time signal",
            "crashed: signal 40",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="others have none"),
        ),
        ("exit", "exit code 3"),
    ],
)
async def test_a_crash_names_the_signal_or_the_exit_code(run: Run, what: str, words: str) -> None:
    pid = await run(handlers.pid)

    report = await report_of(run, ending_handlers.ends, what)

    assert (report.code, report.type_name) == ("process_crashed", "")
    assert words in report.message
    assert await run(handlers.pid) != pid


async def test_a_crash_in_c_says_where_it_was_in_python(run: Run) -> None:
    report = await report_of(run, ending_handlers.ends, "segfault")

    assert "Fatal Python error: Segmentation fault" in report.traceback
    assert "ending_handlers.py" in report.traceback


@pytest.mark.parametrize("what", ["close", "nonsense"])
async def test_a_handler_that_spoils_the_socket_fails_alone(run: Run, what: str) -> None:
    report = await report_of(run, ending_handlers.ends, what)

    assert report.code == "process_crashed"
    assert await run(handlers.pid)


async def test_a_crash_is_noticed_although_a_fork_of_the_handler_lives_on(
    run: Run, tmp_path: Path
) -> None:
    async with asyncio.timeout(20):
        report = await report_of(run, ending_handlers.forks, handlers.Job(str(tmp_path)))

    assert "exit code 5" in report.message
    os.kill(int((tmp_path / "forked").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        (
            "object",
            "result_not_storable",
            "returned object, which cannot be stored as JSON: .* return its declared",
        ),
        ("surrogate", "result_not_storable", "returned str, which cannot be stored as JSON"),
        (
            "huge",
            "result_too_large",
            r"returned 73,400,\d+ bytes of JSON, more than the 1,048,576 .* store it as an",
        ),
    ],
)
async def test_a_result_that_cannot_be_stored_says_so(
    run: Run, what: str, code: str, message: str
) -> None:
    with pytest.raises(HandlerError, match=message) as caught:
        await run(ending_handlers.returns, what)

    assert caught.value.report.code == code
    assert caught.value.report.is_a(PermanentError)


async def test_an_input_that_the_process_reads_otherwise_is_a_permanent_error(run: Run) -> None:
    report = await report_of(run, handlers.pid, ["no job"])

    assert report.code == "input_incompatible"
    assert report.is_a(PermanentError)


async def test_a_handler_that_is_not_where_it_was_is_a_failure_that_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers.pid.handler, "__qualname__", "gone")
    gone = await report_of(run, handlers.pid, None)
    monkeypatch.setattr(handlers.pid.handler, "__qualname__", "Job")
    other = await report_of(run, handlers.pid, None)

    assert "has no attribute 'gone'" in gone.message
    assert "expected a handler where its task type says it is, found <class" in other.message


async def test_the_handler_is_announced_before_it_is_called_and_only_then(run: Run) -> None:
    started: list[bool] = []

    await report_of(run, handlers.pid, ["no job"], on_start=lambda: started.append(True))
    assert started == []
    await run(handlers.pid, on_start=lambda: started.append(True))
    assert started == [True]
