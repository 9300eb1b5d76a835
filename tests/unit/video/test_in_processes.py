"""The handler where a worker runs it: in a process that may be stopped at any time."""

import asyncio
import time

import msgspec
import pytest

from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock_video.generate import generate
from penstock_video.request import Scene, VideoInput
from tests.services.size_limits import LIMITS
from tests.services.standstill import STANDSTILL


async def frames(run, number):
    """Wait until so many are there."""
    while len(run.progress) < number:
        await run.changed.wait()


@pytest.fixture
async def pool():
    pool = ProcessPool(LIMITS)
    yield pool
    await pool.close()


async def work(pool, run, request):
    text = msgspec.json.encode(request).decode()
    return msgspec.json.decode(await pool.run(generate, text, run.context, plugin="video"))


@pytest.mark.parametrize("cancels", [1, 3])
async def test_stopping_ends_the_rendering_and_removes_its_files(
    pool, harness, cancels, tmp_path, monkeypatch
):
    run = harness.begin(generate)  # whose files are elsewhere
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    two_minutes = [Scene(title="Long", seconds=30)] * 4
    running = asyncio.create_task(work(pool, run, VideoInput(scenes=two_minutes)))
    await frames(run, 100)
    assert list(tmp_path.glob("*/penstock-video-*/video.mp4"))

    started = time.perf_counter()
    run.cancel("by ada")
    for _ in range(cancels):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(HandlerError):
        await running

    assert time.perf_counter() - started < 1 + STANDSTILL
    assert list(tmp_path.iterdir()) == []
    assert run.artifacts == []


async def test_the_event_loop_stays_free_while_frames_are_drawn(pool, harness):
    run = harness.begin(generate)
    scenes = [Scene(title="a", seconds=3)]
    request = VideoInput(scenes=scenes, width=320, height=180, fps=30)
    running = asyncio.create_task(work(pool, run, request))
    await frames(run, 5)

    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > len(run.progress)
    assert (await running)["frames"] == 90
