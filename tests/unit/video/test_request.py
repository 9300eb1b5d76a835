import msgspec
import pytest

from penstock_video.generate import generate
from penstock_video.request import VideoInput

ONE = [{"title": "x"}]


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=VideoInput)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'scenes' and 'prompt', got neither"),
        ({"scenes": ONE, "prompt": "a cat"}, "exactly one of 'scenes' and 'prompt', got both"),
        ({"scenes": []}, "length >= 1"),
        ({"scenes": ONE * 51}, "length <= 50"),
        ({"prompt": ""}, "length >= 1"),
        ({"scenes": ONE, "width": 641}, "multiple of 2"),
        ({"scenes": ONE, "height": 361}, "multiple of 2"),
        ({"scenes": ONE, "width": 158}, ">= 160"),
        ({"scenes": ONE, "width": 1922}, "<= 1920"),
        ({"scenes": ONE, "height": 88}, ">= 90"),
        ({"scenes": ONE, "height": 1082}, "<= 1080"),
        ({"scenes": ONE, "fps": 0}, ">= 1"),
        ({"scenes": ONE, "fps": 61}, "<= 60"),
        ({"scenes": ONE, "title": "x" * 201}, "length <= 200"),
        ({"scenes": ONE, "provider": "storybord"}, "did you mean 'storyboard'?"),
        ({"scenes": ONE, "provider": "sora"}, "to be one of 'storyboard', got 'sora'; or leave"),
        ({"scenes": ONE, "frames": 3}, "unknown field `frames`"),
        ({"scenes": [{"text": "x"}]}, "missing required field `title`"),
        ({"scenes": [{"title": ""}]}, "length >= 1"),
        ({"scenes": [{"title": "x" * 201}]}, "length <= 200"),
        ({"scenes": [{"title": "x", "text": "x" * 601}]}, "length <= 600"),
        ({"scenes": [{"title": "x", "seconds": 0.4}]}, ">= 0.5"),
        ({"scenes": [{"title": "x", "seconds": 31}]}, "<= 30"),
        ({"scenes": [{"title": "x", "background": "red"}]}, "matching regex"),
        ({"scenes": [{"title": "x", "accent": "#12345g"}]}, "matching regex"),
        ({"scenes": [{"title": "x", "accent": "#123456\n"}]}, "length <= 7"),
        ({"scenes": [{"title": "x", "colour": "#123456"}]}, "unknown field `colour`"),
        (
            {"scenes": [{"title": "x", "seconds": 30}] * 4 + [{"title": "x", "seconds": 0.5}]},
            "at most 120 seconds together, got 120.5; show fewer of them",
        ),
        (
            {
                "scenes": [{"title": "x", "seconds": 30}] * 2,
                "width": 1920,
                "height": 1080,
                "fps": 60,
            },
            "got 7,464,960,000 (3600 of 1920×1080); lower 'fps'",  # noqa: RUF001  (as in the message)
        ),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"scenes": [{"title": "x", "seconds": 30}] * 4},
        {"scenes": [{"title": "x", "seconds": 30}] * 4, "width": 1920, "height": 1080},
        {"scenes": [{"title": "x", "seconds": 2.4}] * 50, "fps": 5},
        {"prompt": "a cat", "provider": "storyboard"},
    ],
)
def test_the_largest_input_is_taken(fields):
    assert decode(**fields)


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"), [(3, 24, 72), (0.5, 1, 1), (1.26, 10, 13), (30, 60, 1800)]
)
def test_scenes_last_whole_frames_and_at_least_one(seconds, fps, frames):
    request = decode(scenes=[{"title": "x", "seconds": seconds}], fps=fps, width=160, height=90)

    assert request.frames_of(request.scenes[0]) == frames


def test_the_input_schema_names_the_provider():
    assert "'enum': ['storyboard']" in str(generate.input_schema())
