import asyncio
import subprocess
import sys
import tempfile
import threading
import time

import msgspec
import pytest

import penstock_video
from penstock import PermanentError
from penstock_video import storyboard
from penstock_video.generate import Video, generate
from penstock_video.queues import VIDEO
from penstock_video.request import Scene, VideoInput
from tests.services.plugin_context import PluginContext


def small(*scenes, **options):
    options = {"width": 320, "height": 180, "fps": 10, **options}
    return VideoInput(scenes=list(scenes or [Scene(title="Hello", seconds=1)]), **options)


def test_the_plugin_declares_its_queue_and_task():
    assert penstock_video.penstock_queues() == [VIDEO]
    assert penstock_video.penstock_tasks() == [generate]
    assert generate.queue is VIDEO


def test_importing_the_plugin_imports_no_renderer():
    code = "import sys, penstock_video; print(sorted({'PIL', 'av', 'numpy'} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("example", generate.examples, ids=lambda example: example.scenes[0].title)
async def test_every_example_is_a_video_as_long_as_it_says(make, example):
    made = await make(example)

    frames = round(sum(scene.seconds for scene in example.scenes) * example.fps)
    assert len(made.frames) == made.stream["frames"] == made.result.frames == frames
    assert made.stream["seconds"] == pytest.approx(frames / example.fps)
    assert made.result.duration_seconds == pytest.approx(frames / example.fps)
    assert made.stream["size"] == (example.width, example.height)
    assert (made.result.width, made.result.height) == (example.width, example.height)
    assert made.stream["rate"] == made.result.fps == example.fps
    assert made.times == pytest.approx([number / example.fps for number in range(frames)])
    assert made.result.warnings == []


async def test_browsers_can_play_it_while_it_loads(make):
    made = await make(small())

    assert (made.stream["codec"], made.stream["format"]) == ("h264", "yuv420p")
    bt709, limited_range = 1, 1
    assert made.stream["colours"] == (bt709, limited_range)
    assert made.data.index(b"moov") < made.data.index(b"mdat")


async def test_files_are_named_after_the_title(make):
    titled = await make(small(title="Überblick: Q3/2026"))
    untitled = await make(small(Scene(title="../../etc/passwd\x00", seconds=0.5)))
    nameless = await make(small(Scene(title="?!", seconds=0.5)))

    assert titled.result.artifact.name == "überblick-q3-2026.mp4"
    assert titled.result.artifact.content_type == "video/mp4"
    assert titled.result.poster.name == "überblick-q3-2026.jpg"
    assert titled.result.poster.content_type == "image/jpeg"
    assert untitled.result.artifact.name == "etc-passwd.mp4"
    assert nameless.result.artifact.name == "video.mp4"


async def test_results_say_that_no_model_was_used(make):
    made = await make(small())

    sent = msgspec.to_builtins(made.result)
    assert sent["provider"] == "storyboard"
    assert sent["provider_label"] == "built-in renderer, no AI model"
    assert (sent["is_model_output"], sent["usage"], sent["cost"]) == (False, None, 0.0)
    assert msgspec.convert(sent, Video) == made.result


@pytest.mark.parametrize("provider", [None, "storyboard"])
async def test_a_prompt_fails_for_good_and_names_the_remedy(provider):
    with pytest.raises(PermanentError, match=r"send 'scenes'.*or install a plugin") as caught:
        await generate(VideoInput(prompt="A cat", provider=provider), PluginContext(generate))

    assert caught.value.code == "capability_unavailable"


async def test_progress_rises_with_every_frame(make):
    made = await make(small(Scene(title="a", seconds=1), Scene(title="b", seconds=1)))

    percents, messages = zip(*made.seen, strict=True)
    assert messages == (*(f"frame {n} of 20" for n in range(1, 21)), "storing the files")
    assert percents == pytest.approx([*(95 * n / 20 for n in range(1, 21)), 95])


async def test_what_the_font_cannot_draw_is_warned_of(make):
    made = await make(small(Scene(title="Zürich \uff21 東京", seconds=0.5)))

    plain, boxes = made.result.warnings
    assert "'ü'" not in plain
    assert "'\uff21'" in plain
    assert "'東', '京'" in boxes


async def test_text_that_was_cut_is_warned_of(make):
    long = Scene(title="word " * 39, text="word " * 119, seconds=0.5)

    made = await make(small(Scene(title="short", seconds=0.5), long, width=160, height=90))

    (warning,) = made.result.warnings
    assert warning.startswith("the text of scene 2 does not fit in 160x90 and was cut")


async def test_a_finished_task_leaves_no_file_behind(make, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    await make(small())

    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("cancels", [1, 3])
async def test_cancelling_stops_the_thread_and_removes_its_files(cancels, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = threading.Event()
    render = storyboard.render

    def watched_render(*args, **options):
        try:
            return render(*args, **options)
        finally:
            ended.set()

    monkeypatch.setattr(storyboard, "render", watched_render)
    two_minutes = [Scene(title="Long", seconds=30)] * 4
    ctx = Watched(100)
    running = asyncio.ensure_future(generate(VideoInput(scenes=two_minutes), ctx))
    await ctx.busy.wait()
    (folder,) = tmp_path.iterdir()
    assert [file.name for file in folder.iterdir()] == ["video.mp4"]

    started = time.perf_counter()
    for _ in range(cancels):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running

    assert ended.is_set()
    assert time.perf_counter() - started < 0.5
    assert list(tmp_path.iterdir()) == []
    assert ctx.artifacts.files == {}


async def test_the_event_loop_stays_free_while_frames_are_drawn():
    ctx = Watched(5)
    running = asyncio.ensure_future(generate(small(Scene(title="a", seconds=3), fps=30), ctx))
    await ctx.busy.wait()

    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > len(ctx.seen)
