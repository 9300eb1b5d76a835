import pytest
from PIL import Image

from penstock_video.request import Scene
from penstock_video.storyboard.card import draw_card
from penstock_video.storyboard.layout import fit
from penstock_video.storyboard.typeface import Typeface

SENTENCE = "The quick brown fox jumps over the lazy dog, and then goes home to sleep. "
SIZES = [(1280, 720), (1920, 1080), (160, 90), (608, 1080), (160, 1080), (1920, 90)]
HEIGHTS = range(40, 70)
TEXTS = {
    "short": ("Hello", "World"),
    "title only": ("Hello", ""),
    "long": ((SENTENCE * 3)[:200], (SENTENCE * 9)[:600]),
    "one word": ("W" * 200, "W" * 600),
    "many lines": ("a\n" * 100, "b\n" * 300),
    "descenders": ("gjpqy|" * 33, "gjpqy|" * 100),
    "blank": (" ", " \n "),
}


def draw(text, size):
    title, text = text
    return draw_card(Scene(title=title, text=text), size=size, label="50 / 50", typeface=Typeface())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_whatever_the_text_there_is_none_near_the_borders(text, size):
    width, height = size
    card = draw(text, size)
    picture = Image.new("RGB", size)

    card.write_on(picture, opacity=1)

    box = picture.getbbox()
    assert box is not None
    left, top, right, bottom = box
    # Letters like W and j reach a little over the edge of their own box.
    assert left >= width * 0.07
    assert right <= width * 0.93
    assert top >= height * 0.03
    assert bottom <= height * 0.95


@pytest.mark.parametrize("size", SIZES[:4], ids=str)
def test_short_texts_are_not_cut(size):
    assert not draw(("Mill Lane Joinery", "Made of oak, made to last."), size).is_cut


@pytest.mark.parametrize("size", SIZES[:2], ids=str)
def test_the_longest_ordinary_text_is_not_cut_on_a_screen(size):
    assert not draw(TEXTS["long"], size).is_cut


def lay_out(title, text="", *, width=800, height=400):
    return fit(title, text, width=width, height=height, typeface=Typeface())


def test_longer_titles_get_smaller_letters():
    sizes = [lay_out("word " * count).title.size for count in (2, 15, 40, 80)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1.5 * sizes[-1]


def test_no_word_is_lost_or_broken_when_text_fits():
    layout = lay_out(SENTENCE, SENTENCE * 3)

    assert not layout.is_cut
    assert " ".join(layout.title.lines).split() == SENTENCE.split()
    assert " ".join(layout.text.lines).split() == (SENTENCE * 3).split()


def test_lines_of_a_title_are_about_equally_long():
    typeface = Typeface()
    title = fit("Scenes are drawn only once", "", width=760, height=400, typeface=typeface).title

    widths = [typeface.font(title.size).getlength(line) for line in title.lines]
    assert len(widths) == 2
    assert min(widths) > 0.6 * max(widths)


def test_a_word_longer_than_a_line_is_broken_and_complete():
    word = "".join(map(str, range(90)))

    layout = lay_out(word)

    assert len(layout.title.lines) > 1
    assert "".join(layout.title.lines) == word


def test_line_breaks_of_the_text_are_kept():
    assert lay_out("x", "one\n\ntwo three").text.lines == ("one", "", "two three")


def test_every_height_is_kept_also_if_only_the_title_is_left():
    layouts = {
        height: lay_out("word " * 40, "more", width=140, height=height) for height in HEIGHTS
    }

    assert any(layout.is_cut and not layout.text.lines for layout in layouts.values())
    assert [height for height, layout in layouts.items() if layout.height > height] == []


def test_what_is_cut_ends_in_an_ellipsis_and_fits():
    layout = lay_out("word " * 20, "word " * 100, width=140, height=60)

    assert layout.is_cut
    assert layout.height <= 60
    shown = [*layout.title.lines, *layout.text.lines]
    assert shown[-1].endswith("…")
    assert shown[0].startswith("word")
