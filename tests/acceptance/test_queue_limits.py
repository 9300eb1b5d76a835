"""The declared limits of the three queues, measured while they run: reached, and never exceeded."""

import asyncio
import base64
import time
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from statistics import median

import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from penstock.plugins import discover, load
from tests.services.installation import Installation
from tests.services.openai_server import OpenAiServer
from tests.services.start_times import most_within, start_times

DECLARED = load(discover()).queues
SECONDS = 6


def starts_of(penstock: Installation) -> list[int]:
    """When tasks were started, by the engine's record, in milliseconds."""

    async def leases() -> list[int]:
        engine = create_async_engine(penstock.environment["DATABASE_URL"])
        try:
            async with engine.connect() as connection:
                return list((await connection.scalars(text("SELECT lease FROM task"))).all())
        finally:
            await engine.dispose()

    return start_times(asyncio.run(leases()))


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """How many of these spans of time overlap at most."""
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)


@pytest.fixture
def penstock(
    tmp_path: Path, redis_url: str, namespace: str, postgresql_url: str
) -> Iterator[Installation]:
    with (
        OpenAiServer() as openai,
        Installation(
            tmp_path,
            redis_url=redis_url,
            database_url=postgresql_url,
            namespace=namespace,
            environment={
                "OPENAI_BASE_URL": openai.base_url,
                "PENSTOCK_AI_OPENAI_TEXT_MODEL": "text-model",
            },
        ) as installation,
    ):
        openai.always("ok", delay=0.7)
        yield installation


def large_picture() -> str:
    """Takes a while to decode, and little room in a request."""
    file = BytesIO()
    Image.new("RGB", (5000, 5000), "teal").save(file, "PNG", optimize=False)
    return base64.b64encode(file.getvalue()).decode()


def inputs(queue: str) -> tuple[str, dict[str, object], int]:
    """A task type of the queue, an input that takes long enough, and how many of it."""
    match queue:
        case "ai":
            return "ai.text", {"prompt": "Say something."}, 20
        case "video":
            scenes = [{"title": "One", "seconds": 1}, {"title": "Two", "seconds": 1}]
            return "video.generate", {"scenes": scenes, "width": 640, "height": 360}, 8
        case _:
            return "upload.process", {"name": "big.png", "content": large_picture()}, 16


@pytest.mark.parametrize("queue", ["ai", "video", "upload"])
def test_concurrency_is_reached_and_neither_it_nor_the_rate_is_exceeded(
    penstock: Installation, queue: str
) -> None:
    type_name, task_input, count = inputs(queue)
    ids = [penstock.submit(type_name, task_input) for _ in range(count)]
    penstock.start_worker(queue)
    tasks = [penstock.outcome(each, timeout=120) for each in ids]

    assert {(task["status"], task["attempts"]) for task in tasks} == {("success", 1)}
    spans = [
        tuple(
            datetime.fromisoformat(task[name]).timestamp() for name in ("started_at", "finished_at")
        )
        for task in tasks
    ]
    assert most_at_once([(begin, end) for begin, end in spans]) == DECLARED[queue].concurrency
    assert most_within(starts_of(penstock), 1000) <= 10


def test_the_rate_is_used_up_by_tasks_that_take_no_time(penstock: Installation) -> None:
    ids = [
        penstock.submit("ai.text", {"template": "{{ n }}", "data": {"n": each}})
        for each in range(25)
    ]
    penstock.start_workers(2, "ai")
    for each in ids:
        assert penstock.outcome(each, timeout=60)["status"] == "success"

    assert most_within(starts_of(penstock), 1000) == 10


def starts_and_ends(log: Path) -> tuple[dict[str, tuple[float, int]], dict[str, float]]:
    """When each run of a handler began (and in which process), and when it ended, by its clock."""
    starts: dict[str, tuple[float, int]] = {}
    ends: dict[str, float] = {}
    for line in log.read_text().splitlines():
        what, name, _, moment, pid = line.split()
        if what == "start":
            starts[f"{name} {pid}"] = (float(moment), int(pid))
        else:
            ends[f"{name} {pid}"] = float(moment)
    return starts, ends


def test_a_rate_holds_over_three_workers_and_is_used_up(
    penstock: Installation, tmp_path: Path
) -> None:
    log, count = tmp_path / "runs.log", 10 * SECONDS
    ids = [
        penstock.submit("probe.sleep", {"log": str(log), "name": f"n{each}"})
        for each in range(count)
    ]
    penstock.start_workers(
        3,
        "probe",
        PENSTOCK_QUEUE_PROBE_CONCURRENCY="5",
        PENSTOCK_QUEUE_PROBE_RATE_LIMIT="10/1s",
    )
    for each in ids:
        assert penstock.outcome(each, timeout=60)["status"] == "success"

    record = starts_of(penstock)
    assert most_within(record, 1000) == 10
    clocks = sorted(moment for moment, _ in starts_and_ends(log)[0].values())
    assert len(clocks) == count
    # A handler begins a little after its start; on a machine that stands still, by as much.
    late = max(clock - start / 1000 for start, clock in zip(record, clocks, strict=True))
    assert most_within(clocks, 1 - max(0.1, late)) <= 10
    # Of what is allowed 95 % are used, wherever the machine went on: each start opens the way for
    # the tenth after it a second later.
    waits = [later - start for start, later in zip(record, record[10:], strict=False)]
    assert median(waits) <= 1000 / 0.95


def test_global_concurrency_holds_over_five_workers_that_are_killed(
    penstock: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "runs.log"
    limits = {
        "PENSTOCK_QUEUE_PROBE_CONCURRENCY": "3",
        "PENSTOCK_QUEUE_PROBE_GLOBAL_CONCURRENCY": "7",
        "PENSTOCK_LEASE_SECONDS": "2",
    }
    ids = [
        penstock.submit("probe.sleep", {"log": str(log), "name": f"n{each}", "seconds": 0.5})
        for each in range(12 * SECONDS)
    ]
    workers = penstock.start_workers(5, "probe", **limits)
    killed: dict[int, float] = {}
    # Twice, for a task whose worker dies a third time is given up.
    for _ in range(2):
        time.sleep(SECONDS / 2)
        for _ in range(2):
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            killed[victim.pid] = time.time()
            workers.append(penstock.start("worker", "--queues", "probe", **limits))
    outcomes = [penstock.outcome(each, timeout=60) for each in ids]
    assert [each for each in outcomes if each["status"] != "success"] == []

    starts, ends = starts_and_ends(log)
    spans = [
        (begin, ends[run] if run in ends else killed[pid]) for run, (begin, pid) in starts.items()
    ]
    assert most_at_once(spans) == 7


def test_the_measure_sees_what_exceeds_a_limit() -> None:
    assert most_at_once([(0, 2), (1, 3), (2, 4)]) == 2
    assert most_at_once([(0, 2), (1, 3), (1.5, 4)]) == 3
    assert most_within([0, 0, 500, 999, 1000], 1000) == 4
