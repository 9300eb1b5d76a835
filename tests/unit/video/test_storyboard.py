import io

import numpy as np
import pytest

from penstock_video.request import Scene, VideoInput

NAVY, SAND, ORANGE, GREEN = "#152238", "#f4efe6", "#f2a65a", "#2e8b57"
WIDTH, HEIGHT = 640, 360


def rgb(colour):
    return np.array(list(bytes.fromhex(colour[1:])))


def close(pixels, colour, tolerance=8):
    """Encoding is lossy; halves of colour are shared by four pixels."""
    wanted = rgb(colour) if isinstance(colour, str) else np.array(colour)
    return np.abs(np.asarray(pixels, dtype=int) - wanted).max(axis=-1) <= tolerance


def request(*scenes, **options):
    return VideoInput(
        scenes=list(scenes), **{"width": WIDTH, "height": HEIGHT, "fps": 10, **options}
    )


def test_a_scene_shows_its_colours(make):
    made = make(request(Scene(title="I", background=NAVY, accent=ORANGE, seconds=2)))

    still = made.frames[-1]
    assert close(still[4, 4], NAVY)
    dash = still[round(HEIGHT * 0.115), round(WIDTH * 0.1)]
    assert close(dash, ORANGE, tolerance=20)


@pytest.mark.parametrize("colour", ["#ff0000", "#00ff00", "#0000ff", "#ffffff", "#000000"])
def test_the_purest_colours_survive_encoding(make, colour):
    made = make(request(Scene(title=" ", background=colour, accent=colour, seconds=0.5)))

    assert close(made.frames[-1][4, 4], colour, tolerance=6)


@pytest.mark.parametrize(
    ("background", "ink"), [(NAVY, "#ffffff"), (SAND, "#11141a"), ("#2e8b57", "#11141a")]
)
def test_letters_are_light_on_dark_and_dark_on_light(make, background, ink):
    scene = Scene(title="IIIIII", background=background, accent=background, seconds=1)

    made = make(request(scene))

    middle = made.frames[-1][120:300, 40:300]
    assert close(middle, ink, tolerance=16).sum() > 200


def test_scenes_come_in_order_and_fade_into_each_other(make):
    made = make(
        request(
            Scene(title="a", background=NAVY, seconds=2),
            Scene(title="b", background=SAND, seconds=2),
        )
    )

    corner = [frame[4, 4] for frame in made.frames]
    assert close(corner[19], NAVY)
    assert close(corner[-1], SAND)
    brightness = [int(pixel.sum()) for pixel in corner[19:29]]
    assert brightness == sorted(brightness)
    assert sum(close(each, NAVY) or close(each, SAND) for each in corner[20:26]) == 0


def test_old_and_new_text_never_lie_on_each_other(make):
    # The same card with and without letters: what differs is text.
    with_text, without = [
        make(
            request(
                Scene(title=first, background=NAVY, accent=NAVY, seconds=2),
                Scene(title=second, background=NAVY, accent=NAVY, seconds=2),
                fps=30,
            )
        )
        for first, second in (("HHHH", "\n\n\nHHHH"), (" ", " "))
    ]

    visible = [
        np.abs(one[100:310].astype(int) - other[100:310]).max()
        for one, other in zip(with_text.frames, without.frames, strict=True)
    ]

    assert visible[59] > 150
    assert min(visible[60:84]) < 40
    assert visible[-1] > 150


def test_the_line_along_the_bottom_shows_how_far_the_video_is(make):
    made = make(request(Scene(title="x", accent=GREEN, seconds=2)))

    for number, frame in enumerate(made.frames, start=1):
        done = close(frame[HEIGHT - 2], GREEN, tolerance=24).mean()
        assert done == pytest.approx(number / 20, abs=0.02)


def test_the_poster_is_the_frame_in_the_middle_of_the_first_scene(make):
    made = make(
        request(
            Scene(title="The first", background=SAND, accent=GREEN, seconds=2),
            Scene(title="The second", seconds=1),
        )
    )

    assert (made.poster.format, made.poster.size) == ("JPEG", (WIDTH, HEIGHT))
    poster = np.asarray(made.poster.convert("RGB"), dtype=int)
    difference = [np.abs(poster - frame).mean() for frame in made.frames]
    assert int(np.argmin(difference)) == 10
    assert difference[10] < 2


def test_one_frame_is_a_video_with_all_its_text(make):
    made = make(request(Scene(title="HHHH", background=NAVY, accent=NAVY, seconds=0.5), fps=1))

    assert len(made.frames) == 1
    assert close(made.frames[0][100:300], "#ffffff", tolerance=16).sum() > 200
    assert made.poster.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("width", "height"), [(160, 90), (160, 1080), (1920, 90), (162, 92)])
def test_the_smallest_and_the_oddest_sizes_work(make, width, height):
    made = make(request(Scene(title="Hello there", seconds=0.5), width=width, height=height))

    assert made.stream["size"] == made.poster.size == (width, height)
    assert len(made.frames) == 5


def test_the_same_input_gives_the_same_poster(make):
    posters = []
    for _ in range(2):
        made = make(request(Scene(title="Twice", seconds=0.5)))
        out = io.BytesIO()
        made.poster.save(out, "PNG")
        posters.append(out.getvalue())

    assert posters[0] == posters[1]
