from io import BytesIO
from typing import Any

import msgspec
import PIL.Image
import pytest

from penstock import PermanentError
from penstock_ai.image import ImageInput, image
from penstock_ai.picture import examine

CARD = {"title": "Überblick"}
BARS: dict[str, Any] = {"kind": "bar", "labels": ["a", "b"], "series": [{"values": [1, 2]}]}
PIE = {**BARS, "kind": "pie"}


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=ImageInput)


def encoded(kind, size=(8, 6)):
    file = BytesIO()
    PIL.Image.new("RGB", size, "#336699").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("fields", "size", "name"),
    [
        ({"card": CARD}, (1200, 630), "uberblick.png"),
        ({"card": CARD, "width": 300, "height": 200}, (300, 200), "uberblick.png"),
        ({"chart": BARS}, (1000, 600), "picture.png"),
        ({"chart": PIE, "width": 500, "height": 400}, (500, 400), "picture.png"),
    ],
    ids=["card", "small card", "bars", "pie"],
)
async def test_cards_and_charts_become_png_files_of_their_size(harness, fields, size, name):
    result = await image(decode(**fields), harness.begin(image).context)

    picture = PIL.Image.open(BytesIO(await harness.bytes_of(result.artifact)))
    picture.load()
    assert (picture.format, picture.size) == ("PNG", size)
    assert (result.width, result.height, result.format) == (*size, "png")
    assert (result.artifact.name, result.artifact.content_type) == (name, "image/png")
    assert (result.warnings, result.is_model_output) == ([], False)


async def test_the_same_input_gives_the_same_bytes(harness):
    first = await image(decode(card=CARD), harness.begin(image).context)
    second = await image(decode(card=CARD), harness.begin(image).context)

    assert first.artifact.sha256 == second.artifact.sha256


async def test_what_the_picture_cannot_show_is_in_the_result(harness):
    result = await image(decode(card={"title": "漢字"}), harness.begin(image).context)

    assert "漢" in result.warnings[0]


async def test_a_prompt_without_a_model_names_the_remedy(harness):
    with pytest.raises(PermanentError, match="PENSTOCK_AI_OPENAI_IMAGE_MODEL") as caught:
        await image(decode(prompt="a cat"), harness.begin(image).context)

    assert caught.value.code == "capability_unavailable"


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_are_known_by_their_decoder(kind):
    found = examine(encoded(kind))

    assert (found.width, found.height, found.format) == (8, 6, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no picture</html>",
        encoded("png", (300, 300))[:-200],
        encoded("jpeg", (300, 300))[:-200],
        encoded("gif"),
        encoded("png", (7100, 7100)),
    ],
    ids=["nothing", "html", "cut png", "cut jpeg", "gif", "too large"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(PermanentError, match="PNG, JPEG or WebP picture") as caught:
        examine(data)

    assert caught.value.code == "provider_refused"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'prompt', 'card', 'chart', got none of them"),
        ({"card": CARD, "chart": BARS}, "got 'card' and 'chart'"),
        ({"card": CARD, "width": 100}, "'width' and 'height' together, got 100 and None"),
        ({"card": CARD, "width": 63, "height": 100}, ">= 64"),
        ({"card": CARD, "width": 5000, "height": 100}, "<= 4096"),
        ({"chart": BARS, "width": 100, "height": 100}, "at least 240 by 180 pixels"),
        ({"card": CARD, "model": "m"}, "'model' only together with 'prompt'"),
        ({"chart": BARS, "provider": "openai"}, "'provider' only together with 'prompt'"),
        ({"card": {"title": ""}}, "length >= 1"),
        ({"card": {**CARD, "accent": "red"}}, "matching regex"),
        ({"card": {**CARD, "theme": "pink"}}, "Invalid enum value 'pink'"),
        ({"card": {**CARD, "body": "x\n" * 20}}, "at most 20 lines, got 21"),
        ({"card": {**CARD, "font": "x"}}, "unknown field `font`"),
        ({"chart": {**BARS, "labels": ["a"]}}, "a value for each of the 1 labels, got 2"),
        ({"chart": {**BARS, "labels": []}}, "length >= 1"),
        ({"chart": {**BARS, "series": BARS["series"] * 2}}, "to have a 'name', got none for"),
        ({"chart": {**BARS, "series": [{"values": [1, 1e16]}]}}, "<= 1"),
        ({"chart": {**BARS, "kind": "radar"}}, "Invalid enum value 'radar'"),
        ({"chart": {**PIE, "series": [{"values": [1, -1]}]}}, "0 or more, and one above 0"),
        ({"chart": {**PIE, "series": [{"values": [0, 0]}]}}, "0 or more, and one above 0"),
        (
            {"chart": {**PIE, "labels": ["x"] * 13, "series": [{"values": [1] * 13}]}},
            "one series of at most 12",
        ),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)
