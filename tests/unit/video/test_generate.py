import tempfile

import msgspec
import pytest

import penstock_video
from penstock import PermanentError
from penstock_video.generate import Video, generate
from penstock_video.queues import VIDEO
from penstock_video.request import Scene, VideoInput


def small(*scenes, **options):
    options = {"width": 320, "height": 180, "fps": 10, **options}
    return VideoInput(scenes=list(scenes or [Scene(title="Hello", seconds=1)]), **options)


def test_the_plugin_declares_its_queue_and_task():
    assert penstock_video.penstock_queues() == [VIDEO]
    assert penstock_video.penstock_tasks() == [generate]
    assert generate.queue is VIDEO


@pytest.mark.parametrize("example", generate.examples, ids=lambda example: example.scenes[0].title)
def test_every_example_is_a_video_as_long_as_it_says(make, example):
    made = make(example)

    frames = round(sum(scene.seconds for scene in example.scenes) * example.fps)
    assert len(made.frames) == made.stream["frames"] == made.result.frames == frames
    assert made.stream["seconds"] == pytest.approx(frames / example.fps)
    assert made.result.duration_seconds == pytest.approx(frames / example.fps)
    assert made.stream["size"] == (example.width, example.height)
    assert (made.result.width, made.result.height) == (example.width, example.height)
    assert made.stream["rate"] == made.result.fps == example.fps
    assert made.times == pytest.approx([number / example.fps for number in range(frames)])
    assert made.result.warnings == []


def test_browsers_can_play_it_while_it_loads(make):
    made = make(small())

    assert (made.stream["codec"], made.stream["format"]) == ("h264", "yuv420p")
    bt709, limited_range = 1, 1
    assert made.stream["colours"] == (bt709, limited_range)
    assert made.data.index(b"moov") < made.data.index(b"mdat")


def test_files_are_named_after_the_title(make):
    titled = make(small(title="Überblick: Q3/2026"))
    untitled = make(small(Scene(title="../../etc/passwd", seconds=0.5)))
    nameless = make(small(Scene(title="?!", seconds=0.5)))

    assert titled.result.artifact.name == "überblick-q3-2026.mp4"
    assert titled.result.artifact.content_type == "video/mp4"
    assert titled.result.poster.name == "überblick-q3-2026.jpg"
    assert titled.result.poster.content_type == "image/jpeg"
    assert untitled.result.artifact.name == "etc-passwd.mp4"
    assert nameless.result.artifact.name == "video.mp4"


def test_results_say_that_no_model_was_used(make):
    made = make(small())

    sent = msgspec.to_builtins(made.result)
    assert sent["provider"] == "storyboard"
    assert sent["provider_label"] == "built-in renderer, no AI model"
    assert (sent["is_model_output"], sent["usage"], sent["cost"]) == (False, None, 0.0)
    assert msgspec.convert(sent, Video) == made.result


@pytest.mark.parametrize("provider", [None, "storyboard"])
async def test_a_prompt_fails_for_good_and_names_the_remedy(harness, provider):
    with pytest.raises(PermanentError, match=r"send 'scenes'.*or install a plugin") as caught:
        await harness.run(generate, VideoInput(prompt="A cat", provider=provider))

    assert caught.value.code == "capability_unavailable"


def test_progress_rises_with_every_frame(make):
    made = make(small(Scene(title="a", seconds=1), Scene(title="b", seconds=1)))

    percents, messages = zip(*made.progress, strict=True)
    assert messages == (*(f"frame {n} of 20" for n in range(1, 21)), "storing the files")
    assert percents == pytest.approx([*(95 * n / 20 for n in range(1, 21)), 95])


def test_what_the_font_cannot_draw_is_warned_of(make):
    made = make(small(Scene(title="Zürich \uff21 東京", seconds=0.5)))

    plain, boxes = made.result.warnings
    assert "'ü'" not in plain
    assert "'\uff21'" in plain
    assert "'東', '京'" in boxes


def test_text_that_was_cut_is_warned_of(make):
    long = Scene(title="word " * 39, text="word " * 119, seconds=0.5)

    made = make(small(Scene(title="short", seconds=0.5), long, width=160, height=90))

    (warning,) = made.result.warnings
    assert warning.startswith("the text of scene 2 does not fit in 160x90 and was cut")


def test_a_finished_task_leaves_no_file_behind(make, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    make(small())

    assert list(tmp_path.iterdir()) == []
