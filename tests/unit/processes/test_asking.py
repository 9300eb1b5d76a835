"""What a handler asks its worker for, and tells it, while it runs."""

import asyncio
import hashlib
import io
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from penstock import DeclarationError, PermanentError, Priority, SupersededError, logs
from penstock.dispatch.derived_id import derived_id
from penstock.processes.error_report import HandlerError
from penstock.testing import Harness
from tests.services.size_limits import LIMITS
from tests.unit.processes import asking_handlers, handlers
from tests.unit.processes.asking_handlers import Settings
from tests.unit.processes.conftest import Run, appearance
from tests.unit.processes.handlers import MIB, Job


@pytest.fixture
def open_stdin() -> Iterator[None]:
    """A standard input that never ends, like a terminal."""
    kept = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    yield
    os.dup2(kept, 0)
    os.close(kept)
    os.close(writing)


async def test_a_handler_knows_its_run_and_is_the_main_thread_of_a_light_process(
    run: Run, harness: Harness, open_stdin: None
) -> None:
    begun = harness.begin(asking_handlers.about, attempt=4, user_id="ada")
    begun.context.provider = "openai"

    async with asyncio.timeout(20):
        about = await run(asking_handlers.about, begun=begun)

    assert UUID(about["task_id"]) == begun.id
    assert (about["task_type"], about["queue"]) == ("processes.about", "processes")
    assert (about["user_id"], about["attempt"], about["run"]) == ("ada", 4, 4)
    assert about["provider"] == "openai"
    assert about["interruption"] is None
    assert about["is_main_thread"]
    assert about["stdin"] == ""
    assert about["path"] == sys.path
    loaded = {each.split(".")[0] for each in about["modules"]}
    assert not loaded & {"asyncio", "litestar", "redis", "sqlalchemy", "structlog", "taskiq"}


async def test_settings_are_the_operators(run: Run, harness: Harness) -> None:
    assert await run(asking_handlers.double, 4) == 10.0
    harness.settings(Settings(factor=float("inf")))
    # JSON has no word for it.
    with pytest.raises(HandlerError, match="not its declared output: Expected `float`, got `null`"):
        await run(asking_handlers.double, 4)


async def test_a_secret_among_its_settings_is_hidden_there_as_well(
    run: Run, harness: Harness
) -> None:
    harness.settings(Settings(key="s3cret"))

    shown, held = await run(asking_handlers.secret, 1)

    assert (shown, held) == ("Settings(factor=1.0, key='***')", "s3cret")


async def test_what_it_used_of_its_provider_is_charged_before_it_has_ended(
    run: Run, harness: Harness
) -> None:
    begun = harness.begin(asking_handlers.charge)

    assert await run(asking_handlers.charge, 250, begun) == 250
    assert begun.charged == 250
    with pytest.raises(HandlerError, match="has used to be a whole number of at least 0, got -1"):
        await run(asking_handlers.charge, -1, begun)


async def test_what_it_enqueues_is_the_workers_to_submit_and_has_an_id_at_once(
    run: Run, harness: Harness
) -> None:
    begun = harness.begin(asking_handlers.enqueue)

    ids = await run(asking_handlers.enqueue, begun=begun)

    first, second = begun.children
    assert [UUID(each) for each in ids] == [first.id, second.id]
    assert first.id == derived_id(begun.id, "double-1")
    assert (first.type, first.input) == ("processes.double", 4)
    assert (first.priority, first.delay) == (Priority.HIGH, timedelta(seconds=3))
    assert second.id == derived_id(begun.id, "other-2")
    assert (second.type, second.input) == ("other.type", {"a": [1, 2]})
    assert (second.priority, second.delay, second.user_id) == (Priority.NORMAL, None, "ada")


async def test_what_it_enqueues_with_terms_of_the_wrong_kind_is_refused_at_once(
    run: Run, harness: Harness
) -> None:
    begun = harness.begin(asking_handlers.enqueue_wrongly)

    with pytest.raises(HandlerError, match=r"expected delay to be a datetime.timedelta .*got 5"):
        await run(asking_handlers.enqueue_wrongly, 5, begun)
    assert begun.children == []


async def test_settings_that_nobody_declares_are_refused_as_in_the_worker(run: Run) -> None:
    with pytest.raises(HandlerError) as caught:
        await run(asking_handlers.unknown_settings, 4)

    assert caught.value.report.is_a(DeclarationError)


async def test_progress_shows_while_the_handler_runs(
    run: Run, harness: Harness, tmp_path: Path
) -> None:
    begun = harness.begin(asking_handlers.reports)
    running = asyncio.create_task(run(asking_handlers.reports, Job(str(tmp_path)), begun))
    async with asyncio.timeout(20):
        while not begun.progress or begun.progress[-1] != (100.0, "100 done"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert begun.progress == [(percent, f"{percent} done") for percent in range(0, 101, 10)]
    assert not running.done()

    (tmp_path / "go").touch()
    await running


async def test_progress_does_not_wait_for_a_worker_that_is_busy(
    run: Run, harness: Harness, tmp_path: Path
) -> None:
    begun = harness.begin(asking_handlers.floods)
    running = asyncio.create_task(run(asking_handlers.floods, Job(str(tmp_path)), begun))
    async with asyncio.timeout(20):
        while not begun.progress:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    # The event loop is blocked until the handler has reported everything.
    for _ in range(2000):
        if (tmp_path / "reported").exists():
            break
        threading.Event().wait(0.01)

    assert (tmp_path / "reported").exists()
    await running
    assert len(begun.progress) < 50_000


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The worker's log, as JSON."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.reset_defaults()


async def test_log_lines_reach_the_workers_log_with_the_task_they_are_about(
    run: Run, harness: Harness, log: io.StringIO
) -> None:
    begun = harness.begin(asking_handlers.logs)
    log_of_the_worker = structlog.stdlib.get_logger("penstock.task").bind(task_id="mine")
    begun.context.log = log_of_the_worker
    await run(asking_handlers.logs, begun=begun)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    shown = [(line["logger"], line["level"], line["event"]) for line in lines]
    assert shown == [
        ("penstock.task", "info", "downloaded 3 pages"),
        ("penstock.task", "warning", "odd"),
        ("acme.library", "error", "it is broken"),
        ("penstock.task", "error", "failed"),
        ("acme.library", "error", "failed too"),
        ("penstock.task", "info", lines[5]["event"]),
    ]
    assert lines[0]["task_id"] == "mine"
    assert (lines[0]["name"], lines[0]["operation"]) == ("a.pdf", {"id": "x"})
    assert (lines[1]["part"], lines[1]["unlucky"]) == (1, "<Unlucky that cannot be shown>")
    assert lines[2]["task_id"] == str(begun.id)
    assert lines[2]["task_type"] == "processes.logs"
    for line in lines[3:5]:
        assert "ValueError: invalid literal for int()" in line["exception"]
    assert len(lines[5]["event"]) <= LIMITS.log_line
    assert "xx … of 100,000,000 bytes … xx" in lines[5]["event"]


async def test_checkpoints_are_found_by_a_later_run(run: Run, harness: Harness) -> None:
    begun = harness.begin(asking_handlers.keeps)

    assert await run(asking_handlers.keeps, Job(text="first"), begun) is None
    assert await run(asking_handlers.keeps, Job(text="second"), begun) == "first"
    assert begun.checkpoints == {"operation": {"id": "second"}}


@pytest.mark.parametrize(
    ("what", "kind", "code", "message"),
    [
        ("type", PermanentError, "checkpoint_incompatible", r"to be of type Operation: .*at \$"),
        ("name", DeclarationError, None, "the name of a checkpoint"),
        ("value", PermanentError, "checkpoint_not_storable", "to have a JSON form"),
        (
            "size",
            PermanentError,
            "checkpoint_too_large",
            "more than the 1,048,576 .* artifact",
        ),
    ],
)
async def test_a_checkpoint_that_cannot_be_fails_as_in_the_worker(
    run: Run, what: str, kind: type[Exception], code: str | None, message: str
) -> None:
    with pytest.raises(HandlerError, match=message) as caught:
        await run(asking_handlers.keeps_wrongly, Job(text=what))

    assert caught.value.report.is_a(kind)
    assert caught.value.report.code == code


async def test_a_checkpoint_of_a_superseded_run_raises_in_the_handler(
    run: Run, harness: Harness
) -> None:
    begun = harness.begin(asking_handlers.keeps)
    begun.runs = 2

    with pytest.raises(HandlerError, match="run 1 was superseded") as caught:
        await run(asking_handlers.keeps, Job(), begun)

    assert caught.value.report.is_a(SupersededError)


@pytest.mark.parametrize("how", ["bytes", "chunks", "file"])
@pytest.mark.parametrize("size", [0, 1, 20])
async def test_files_of_any_size_are_stored(
    run: Run, harness: Harness, how: str, size: int
) -> None:
    begun = harness.begin(asking_handlers.stores)

    stored = await run(asking_handlers.stores, Job(text=how, number=size), begun)

    data = bytes(range(256)) * 4096 * size
    assert (stored["size"], stored["name"], stored["content_type"]) == (len(data), "a.bin", "a/b")
    assert stored["sha256"] == hashlib.sha256(data).hexdigest()
    (artifact,) = begun.artifacts
    assert UUID(stored["id"]) == artifact.id
    assert await harness.bytes_of(artifact) == data


async def test_a_file_far_larger_than_the_process_may_be_is_read_chunk_by_chunk(
    run: Run, harness: Harness
) -> None:
    data = os.urandom(MIB) * 150
    artifact = await harness.put("big.bin", data, content_type="a/b")

    name, total, chunks, _, behind = await run(asking_handlers.opens, artifact.id)

    assert (name, total, behind) == ("big.bin", len(data), [])
    assert chunks > 40


@pytest.mark.parametrize("data", [b"", b"abc"])
async def test_a_small_file_is_read_whole(run: Run, harness: Harness, data: bytes) -> None:
    artifact = await harness.put("a", data, content_type="a/b")

    assert await run(asking_handlers.opens, artifact.id) == [
        "a",
        len(data),
        1,
        len(data),
        [],
    ]


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("source", ZeroDivisionError, "the source dried up"),
        ("path", FileNotFoundError, "/there/is/none"),
        ("id", PermanentError, "there is no artifact"),
    ],
)
async def test_a_file_that_cannot_be_stored_or_opened_fails_as_in_the_worker(
    run: Run, harness: Harness, what: str, kind: type[Exception], message: str
) -> None:
    begun = harness.begin(asking_handlers.stores_wrongly)
    with pytest.raises(HandlerError, match=message) as caught:
        await run(asking_handlers.stores_wrongly, Job(text=what), begun)

    assert caught.value.report.is_a(kind)
    assert begun.artifacts == []
    # The process is fine.
    assert await run(handlers.pid) == await run(handlers.pid)


async def test_threads_of_a_handler_may_share_its_context(run: Run) -> None:
    assert await run(asking_handlers.threads) == list(range(1, 9))


async def test_a_question_of_a_handler_that_has_ended_holds_nobody_up(
    run: Run, harness: Harness
) -> None:
    begun = harness.begin(asking_handlers.leaves_a_question)
    begun.crashed.set()  # whose checkpoints nobody answers
    async with asyncio.timeout(20):
        assert await run(asking_handlers.leaves_a_question, begun=begun) == "done"


async def test_the_reason_of_an_interruption_can_be_asked_for(
    run: Run, harness: Harness, tmp_path: Path
) -> None:
    begun = harness.begin(asking_handlers.asks_why)
    running = asyncio.create_task(run(asking_handlers.asks_why, Job(str(tmp_path)), begun))
    await appearance(tmp_path / "started")
    begun.cancel("by ada")
    running.cancel()

    with pytest.raises(HandlerError):
        await running
    assert begun.checkpoints["why"] == {"code": "cancelled", "message": "by ada"}
