"""The handler where a worker runs it: in a process that may be stopped at any time."""

import asyncio
import time

import msgspec
import pytest

from penstock import Interruption
from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock_video.generate import generate
from penstock_video.request import Scene, VideoInput
from tests.services.plugin_context import PluginContext
from tests.services.size_limits import LIMITS
from tests.services.standstill import STANDSTILL


class Watched(PluginContext):
    """Tells when a number of frames are there."""

    def __init__(self, frames):
        super().__init__(generate)
        self.frames = frames
        self.busy = asyncio.Event()

    async def progress(self, percent, message=""):
        await super().progress(percent, message)
        if len(self.seen) == self.frames:
            self.busy.set()


@pytest.fixture
async def pool():
    pool = ProcessPool(LIMITS)
    yield pool
    await pool.close()


async def run(pool, ctx, request):
    text = msgspec.json.encode(request).decode()
    return msgspec.json.decode(await pool.run(generate, text, ctx, plugin="video"))


@pytest.mark.parametrize("cancels", [1, 3])
async def test_stopping_ends_the_rendering_and_removes_its_files(
    pool, cancels, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    two_minutes = [Scene(title="Long", seconds=30)] * 4
    ctx = Watched(100)
    running = asyncio.create_task(run(pool, ctx, VideoInput(scenes=two_minutes)))
    await ctx.busy.wait()
    assert list(tmp_path.glob("*/penstock-video-*/video.mp4"))

    started = time.perf_counter()
    ctx.interruption = Interruption("cancelled", "by ada")
    for _ in range(cancels):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(HandlerError):
        await running

    assert time.perf_counter() - started < 1 + STANDSTILL
    assert list(tmp_path.iterdir()) == []
    assert ctx.artifacts.files == {}


async def test_the_event_loop_stays_free_while_frames_are_drawn(pool):
    ctx = Watched(5)
    scenes = [Scene(title="a", seconds=3)]
    request = VideoInput(scenes=scenes, width=320, height=180, fps=30)
    running = asyncio.create_task(run(pool, ctx, request))
    await ctx.busy.wait()

    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > len(ctx.seen)
    assert (await running)["frames"] == 90
