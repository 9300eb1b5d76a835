from io import BytesIO

import msgspec
import pytest
from PIL import Image

from penstock_ai.card import Card
from penstock_ai.chart import Chart
from penstock_ai.drawing import draw_card, draw_chart
from penstock_ai.drawing.chart import COLOURS
from penstock_ai.drawing.scale import number, scale_of


def opened(drawing):
    picture = Image.open(BytesIO(drawing.data))
    assert picture.format == "PNG"
    return picture.convert("RGB")


def rgb(colour):
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def near(pixel, colour):
    return all(abs(a - b) <= 3 for a, b in zip(pixel, rgb(colour), strict=True))


def box(picture, colour):
    """Left, top, right and bottom of the pixels of a colour; ``None`` if there are none."""
    found = [
        (x, y)
        for x in range(picture.width)
        for y in range(picture.height)
        if near(picture.getpixel((x, y)), colour)
    ]
    if not found:
        return None
    xs, ys = zip(*found, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def chart(**fields):
    fields.setdefault("labels", [str(index) for index in range(len(fields["series"][0]["values"]))])
    return msgspec.convert(fields, Chart)


def bars(*values, **fields):
    drawing = draw_chart(
        chart(kind="bar", series=[{"values": list(values)}], **fields), width=400, height=240
    )
    return opened(drawing)


@pytest.mark.parametrize("size", [(64, 64), (1200, 630), (630, 1200), (4096, 64), (801, 333)])
def test_a_card_has_exactly_the_size_asked_for(size):
    assert opened(draw_card(Card(title="Hello"), width=size[0], height=size[1])).size == size


@pytest.mark.parametrize("size", [(240, 180), (1000, 600), (300, 900), (2001, 999)])
@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
def test_a_chart_has_exactly_the_size_asked_for(size, kind):
    drawing = draw_chart(
        chart(kind=kind, series=[{"values": [1, 2]}]), width=size[0], height=size[1]
    )

    assert opened(drawing).size == size
    assert drawing.warnings == ()


def test_a_card_shows_its_colours():
    card = Card(title="x", background="#102030", text_colour="#fedcba", accent="#00ff88")

    picture = opened(draw_card(card, width=600, height=315))

    assert near(picture.getpixel((599, 0)), "#102030")
    assert near(picture.getpixel((1, 100)), "#00ff88")
    assert box(picture, "#fedcba") is not None


@pytest.mark.parametrize(
    ("background", "text"), [("#ffd166", "#14161a"), ("#202020", "#ffffff"), ("#0000ff", "#ffffff")]
)
def test_text_on_a_chosen_ground_stands_out(background, text):
    picture = opened(draw_card(Card(title="WWW", background=background), width=600, height=315))

    assert box(picture, text) is not None


@pytest.mark.parametrize(
    "card",
    [
        Card(title="Wort " * 32, subtitle="sub " * 60, body="lorem ipsum " * 66),
        Card(title="x" * 160, subtitle="y" * 240, body="z" * 800),
        Card(title="a", body="line\n" * 19),
        Card(title="W" * 39, subtitle="W" * 39, body="W" * 39),
    ],
    ids=["words", "one word", "lines", "wide words"],
)
@pytest.mark.parametrize("size", [(600, 315), (315, 600), (600, 120)])
def test_text_shrinks_until_it_lies_within_the_margins(card, size):
    dark = msgspec.structs.replace(card, background="#ffffff", text_colour="#000000")

    picture = opened(draw_card(dark, width=size[0], height=size[1]))

    inked = picture.convert("L").point(lambda value: 255 if value < 100 else 0).getbbox()
    unit = min(size[0], size[1] * 1.5) / 100
    assert inked[0] >= 5 * unit
    assert inked[2] <= size[0] - 5 * unit
    assert inked[1] >= 2 * unit
    assert inked[3] <= size[1] - 2 * unit


def test_text_that_has_become_tiny_is_warned_of():
    card = Card(title="Hello", body="lorem ipsum " * 60)

    assert "too little room" in draw_card(card, width=128, height=64).warnings[0]
    assert draw_card(card, width=1200, height=630).warnings == ()


@pytest.mark.parametrize("text", ["漢字", "한국어", "😀"])
def test_characters_without_a_glyph_are_warned_of(text):
    as_card = draw_card(Card(title=f"a {text}"), width=600, height=315)
    as_chart = draw_chart(
        chart(kind="bar", title=text, series=[{"values": [1]}]), width=400, height=300
    )

    for drawing in (as_card, as_chart):
        assert len(drawing.warnings) == 1
        assert text[0] in drawing.warnings[0]


def test_latin_greek_cyrillic_hebrew_and_arabic_have_glyphs():
    drawing = draw_card(Card(title="Äß Ωμέγα Привет", body="שלום مرحبا"), width=600, height=315)

    assert drawing.warnings == ()


@pytest.mark.parametrize(
    "attack", ['#read("/etc/passwd")', '"); #panic("out")', "$1/0$ @a <b> #let x", "\\ // /* `x"]
)
def test_typst_code_in_text_is_drawn_and_not_run(attack):
    card = Card(title=attack, subtitle=attack, body=attack)
    shown = chart(
        kind="bar", title=attack, labels=[attack], series=[{"name": attack, "values": [1]}]
    )

    assert opened(draw_card(card, width=600, height=315)).size == (600, 315)
    assert opened(draw_chart(shown, width=600, height=400)).size == (600, 400)


def test_the_heights_of_bars_are_as_their_values():
    picture = bars(10, 5)

    left, top, right, bottom = box(picture, COLOURS[0])
    column = [near(picture.getpixel((right - 5, y)), COLOURS[0]) for y in range(picture.height)]
    assert sum(column) == pytest.approx((bottom - top) / 2, abs=2)
    assert left < right - 100


def test_negative_bars_hang_below_the_line_of_zero():
    picture = bars(10, -10)

    left, top, right, bottom = box(picture, COLOURS[0])
    up = [y for y in range(240) if near(picture.getpixel((left + 5, y)), COLOURS[0])]
    down = [y for y in range(240) if near(picture.getpixel((right - 5, y)), COLOURS[0])]
    assert max(up) < min(down)
    assert len(up) == pytest.approx(len(down), abs=2)
    assert (min(up), max(down)) == (top, bottom)


def test_bars_of_zero_leave_the_axis_alone():
    assert box(bars(0, 0, 0), COLOURS[0]) is None


def test_each_series_has_its_colour_and_a_legend():
    shown = chart(
        kind="line", series=[{"name": str(row), "values": [row, row + 1]} for row in range(8)]
    )

    picture = opened(draw_chart(shown, width=800, height=500))

    drawn = {pixel for _, pixel in picture.getcolors(maxcolors=400_000)}
    assert {rgb(colour) for colour in COLOURS[:8]} <= drawn


def test_slices_cover_the_disc_as_their_shares():
    drawing = draw_chart(chart(kind="pie", series=[{"values": [3, 1, 0]}]), width=600, height=400)

    picture = opened(drawing).crop((0, 0, 330, 400))
    counts = dict.fromkeys(COLOURS[:2], 0)
    for count, pixel in picture.getcolors(maxcolors=200_000):
        for colour in counts:
            counts[colour] += count if near(pixel, colour) else 0
    assert counts[COLOURS[0]] / counts[COLOURS[1]] == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("kind", ["bar", "line"])
@pytest.mark.parametrize(
    "values", [[1e15, -1e15], [1e-9], [5e-324], [0.1 + 0.2, 0.3], list(range(200))], ids=str
)
def test_odd_values_are_drawn(kind, values):
    drawing = draw_chart(chart(kind=kind, series=[{"values": values}]), width=500, height=300)

    assert opened(drawing).size == (500, 300)


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
def test_long_names_everywhere_stay_a_picture(kind):
    count = 12 if kind == "pie" else 60
    series = [{"name": "series " * 11, "values": list(range(1, count + 1))}]
    shown = chart(
        kind=kind,
        title="title " * 26,
        labels=["label " * 13] * count,
        series=series if kind == "pie" else series * 8,
    )

    assert opened(draw_chart(shown, width=1000, height=600)).size == (1000, 600)
    assert any(
        "too little room" in each for each in draw_chart(shown, width=240, height=180).warnings
    )


@pytest.mark.parametrize(
    ("values", "low", "high", "step"),
    [
        ([0, 100], 0, 100, 20),
        ([3, 7], 0, 8, 2),
        ([-3, -8], -8, 0, 2),
        ([-12.5, 40.25], -20, 60, 20),
        ([0.001], 0, 0.001, 0.0002),
        ([0], 0, 1, 0.25),
    ],
)
def test_axes_have_round_steps_and_hold_all_values(values, low, high, step):
    scale = scale_of(values)

    assert (scale.low, scale.high, scale.step) == pytest.approx((low, high, step))
    assert scale.ticks[0] == pytest.approx(low)
    assert scale.ticks[-1] == pytest.approx(high)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (7, "7"),
        (40.25, "40.25"),
        (-12.5, "\u221212.5"),
        (45000, "45,000"),
        (3_400_000, "3.4M"),
        (2.5e9, "2.5bn"),
        (1e15, "1,000T"),
        (0.00002, "2.0e-5"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text
