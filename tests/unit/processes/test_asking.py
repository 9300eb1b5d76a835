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

from penstock import DeclarationError, Interruption, PermanentError, SupersededError, logs
from penstock.declarations.secret import hide_secrets
from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from tests.services.plugin_context import PluginContext
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
    run: Run, open_stdin: None
) -> None:
    context = PluginContext(asking_handlers.about, attempt=4)
    context.user_id = "ada"
    context.provider = "openai"

    async with asyncio.timeout(20):
        about = await run(asking_handlers.about, context=context)

    assert UUID(about["task_id"]) == context.task_id
    assert (about["task_type"], about["queue"]) == ("processes.about", "processes")
    assert (about["user_id"], about["attempt"], about["run"]) == ("ada", 4, 4)
    assert about["provider"] == "openai"
    assert about["interruption"] is None
    assert about["is_main_thread"]
    assert about["stdin"] == ""
    assert about["path"] == sys.path
    loaded = {each.split(".")[0] for each in about["modules"]}
    assert not loaded & {"asyncio", "litestar", "redis", "sqlalchemy", "structlog", "taskiq"}


async def test_settings_are_the_operators(run: Run) -> None:
    assert await run(asking_handlers.double, 4) == 10.0
    infinite = PluginContext(asking_handlers.double, Settings(factor=float("inf")))
    # JSON has no word for it.
    with pytest.raises(HandlerError, match="not its declared output: Expected `float`, got `null`"):
        await run(asking_handlers.double, 4, infinite)


async def test_a_secret_among_its_settings_is_hidden_there_as_well(run: Run) -> None:
    settings = hide_secrets(Settings(key="s3cret"))
    context = PluginContext(asking_handlers.secret, settings)

    shown, held = await run(asking_handlers.secret, 1, context)

    assert (shown, held) == ("Settings(factor=1.0, key='***')", "s3cret")


async def test_what_it_used_of_its_provider_is_charged_before_it_has_ended(run: Run) -> None:
    context = PluginContext(asking_handlers.charge)

    assert await run(asking_handlers.charge, 250, context) == 250
    assert context.charged == [250]
    with pytest.raises(HandlerError, match="has used to be a whole number of at least 0, got -1"):
        await run(asking_handlers.charge, -1, context)


async def test_what_it_enqueues_is_the_workers_to_submit_and_has_an_id_at_once(run: Run) -> None:
    context = PluginContext(asking_handlers.enqueue)

    ids = await run(asking_handlers.enqueue, context=context)

    first, second = context.children
    assert [UUID(each) for each in ids] == [first.id, second.id]
    assert (first.name, first.type, first.input) == ("double-1", "processes.double", b"4")
    assert first.terms == {"priority": "high", "delay": timedelta(seconds=3), "user_id": None}
    assert (second.name, second.type, second.input) == ("other-2", "other.type", b'{"a":[1,2]}')
    assert second.terms == {"priority": None, "delay": None, "user_id": "ada"}


async def test_what_it_enqueues_with_terms_of_the_wrong_kind_is_refused_at_once(run: Run) -> None:
    context = PluginContext(asking_handlers.enqueue_wrongly)

    with pytest.raises(HandlerError, match=r"expected delay to be a datetime.timedelta .*got 5"):
        await run(asking_handlers.enqueue_wrongly, 5, context)
    assert context.children == []


async def test_settings_that_nobody_declares_are_refused_as_in_the_worker(run: Run) -> None:
    with pytest.raises(HandlerError) as caught:
        await run(asking_handlers.unknown_settings, 4)

    assert caught.value.report.is_a(DeclarationError)


async def test_progress_shows_while_the_handler_runs(run: Run, tmp_path: Path) -> None:
    context = PluginContext(asking_handlers.reports)
    running = asyncio.create_task(run(asking_handlers.reports, Job(str(tmp_path)), context))
    async with asyncio.timeout(20):
        while not context.seen or context.seen[-1] != (100.0, "100 done"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert context.seen == [(percent, f"{percent} done") for percent in range(0, 101, 10)]
    assert not running.done()

    (tmp_path / "go").touch()
    await running


async def test_progress_does_not_wait_for_a_worker_that_is_busy(run: Run, tmp_path: Path) -> None:
    context = PluginContext(asking_handlers.floods)
    running = asyncio.create_task(run(asking_handlers.floods, Job(str(tmp_path)), context))
    async with asyncio.timeout(20):
        while not context.seen:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    # The event loop is blocked until the handler has reported everything.
    for _ in range(2000):
        if (tmp_path / "reported").exists():
            break
        threading.Event().wait(0.01)

    assert (tmp_path / "reported").exists()
    await running
    assert len(context.seen) < 50_000


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
    run: Run, log: io.StringIO
) -> None:
    context = PluginContext(asking_handlers.logs)
    context.log = structlog.stdlib.get_logger("penstock.task").bind(task_id="mine")
    await run(asking_handlers.logs, context=context)

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
    assert lines[2]["task_id"] == str(context.task_id)
    assert lines[2]["task_type"] == "processes.logs"
    for line in lines[3:5]:
        assert "ValueError: invalid literal for int()" in line["exception"]
    assert len(lines[5]["event"]) <= LIMITS.log_line
    assert "xx … of 100,000,000 bytes … xx" in lines[5]["event"]


async def test_checkpoints_are_found_by_a_later_run(run: Run) -> None:
    context = PluginContext(asking_handlers.keeps)

    assert await run(asking_handlers.keeps, Job(text="first"), context) is None
    assert await run(asking_handlers.keeps, Job(text="second"), context) == "first"
    assert context.checkpoints == {"operation": '{"id":"second"}'}


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


async def test_a_checkpoint_of_a_superseded_run_raises_in_the_handler(run: Run) -> None:
    class Superseded(PluginContext):
        async def save(self, name: str, value: object) -> None:
            raise SupersededError("run 1 was superseded")

    with pytest.raises(HandlerError, match="run 1 was superseded") as caught:
        await run(asking_handlers.keeps, Job(), Superseded(asking_handlers.keeps))

    assert caught.value.report.is_a(SupersededError)


@pytest.mark.parametrize("how", ["bytes", "chunks", "file"])
@pytest.mark.parametrize("size", [0, 1, 20])
async def test_files_of_any_size_are_stored(run: Run, how: str, size: int) -> None:
    context = PluginContext(asking_handlers.stores)

    stored = await run(asking_handlers.stores, Job(text=how, number=size), context)

    data = bytes(range(256)) * 4096 * size
    assert (stored["size"], stored["name"], stored["content_type"]) == (len(data), "a.bin", "a/b")
    assert stored["sha256"] == hashlib.sha256(data).hexdigest()
    assert context.artifacts.files[UUID(stored["id"])][1] == data


async def test_a_file_far_larger_than_the_process_may_be_is_read_chunk_by_chunk(
    run: Run,
) -> None:
    context = PluginContext(asking_handlers.opens)
    data = os.urandom(MIB) * 400
    artifact = await context.artifacts.put("big.bin", data, content_type="a/b")

    name, total, chunks, _, behind = await run(asking_handlers.opens, artifact.id, context)

    assert (name, total, behind) == ("big.bin", len(data), [])
    assert chunks > 100


@pytest.mark.parametrize("data", [b"", b"abc"])
async def test_a_small_file_is_read_whole(run: Run, data: bytes) -> None:
    context = PluginContext(asking_handlers.opens)
    artifact = await context.artifacts.put("a", data, content_type="a/b")

    assert await run(asking_handlers.opens, artifact.id, context) == [
        "a",
        len(data),
        1 if data else 0,
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
    run: Run, what: str, kind: type[Exception], message: str
) -> None:
    context = PluginContext(asking_handlers.stores_wrongly)
    with pytest.raises(HandlerError, match=message) as caught:
        await run(asking_handlers.stores_wrongly, Job(text=what), context)

    assert caught.value.report.is_a(kind)
    assert context.artifacts.files == {}
    # The process is fine.
    assert await run(handlers.pid) == await run(handlers.pid)


async def test_threads_of_a_handler_may_share_its_context(run: Run) -> None:
    assert await run(asking_handlers.threads) == list(range(1, 9))


async def test_a_question_of_a_handler_that_has_ended_holds_nobody_up(
    run: Run, pool: ProcessPool
) -> None:
    class Slow(PluginContext):
        async def save(self, name: str, value: object) -> None:
            await asyncio.Event().wait()

    context = Slow(asking_handlers.leaves_a_question)
    async with asyncio.timeout(20):
        assert await run(asking_handlers.leaves_a_question, context=context) == "done"


async def test_the_reason_of_an_interruption_can_be_asked_for(run: Run, tmp_path: Path) -> None:
    context = PluginContext(asking_handlers.asks_why)
    running = asyncio.create_task(run(asking_handlers.asks_why, Job(str(tmp_path)), context))
    await appearance(tmp_path / "started")
    context.interruption = Interruption("cancelled", "by ada")
    running.cancel()

    with pytest.raises(HandlerError):
        await running
    assert json.loads(context.checkpoints["why"]) == {"code": "cancelled", "message": "by ada"}
