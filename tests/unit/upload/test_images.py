from io import BytesIO

import pytest
from PIL import Image

from penstock import PermanentError
from penstock_upload.description import ImageDetails
from tests.unit.upload import samples
from tests.unit.upload.samples import BLUE, GREEN, RED, WHITE


def opened(thumbnail):
    image = Image.open(BytesIO(thumbnail.data))
    image.load()
    return image


def corners(image):
    """The colours of the four quarters, in reading order."""
    width, height = image.size
    rgb = image.convert("RGB")
    places = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [rgb.getpixel(place) for place in places]


def assert_near(colours, expected, tolerance=12):
    for got, wanted in zip(colours, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= tolerance


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_a_thumbnail_shows_the_image_in_at_most_320_pixels(inspect, format_):
    found = inspect(samples.image_file(format_, samples.quarters(1000, 500)))

    assert found.details == ImageDetails(
        format=format_, width=1000, height=500, frames=1, animated=False
    )
    thumbnail = opened(found.thumbnail)
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (320, 160))
    assert_near(corners(thumbnail), [RED, GREEN, BLUE, WHITE], 20)


def test_a_small_image_is_not_enlarged(inspect):
    assert opened(inspect(samples.image_file("PNG")).thumbnail).size == (64, 48)


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000)])
def test_thin_images_keep_a_pixel(inspect, size):
    found = inspect(samples.image_file("PNG", Image.new("RGB", size)))

    assert opened(found.thumbnail).size == tuple(min(320, side) for side in size)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_shown_upright(inspect, orientation):
    found = inspect(samples.turned(orientation))

    assert (found.details.width, found.details.height) == (400, 300)
    thumbnail = opened(found.thumbnail)
    assert thumbnail.size == (320, 240)
    assert_near(corners(thumbnail), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_other_formats_are_turned_as_well(inspect, format_):
    found = inspect(samples.turned(6, format_))

    assert (found.details.width, found.details.height) == (400, 300)
    assert_near(corners(opened(found.thumbnail)), [RED, GREEN, BLUE, WHITE], 20)


@pytest.mark.parametrize(
    ("format_", "colours"),
    [
        *((each, "RGB") for each in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")),
        *((each, "RGBA") for each in ("PNG", "WEBP", "TIFF", "AVIF")),
    ],
)
def test_a_thumbnail_has_no_metadata(inspect, format_, colours):
    image = samples.quarters().convert(colours)
    if colours == "RGBA":
        image.putalpha(100)
    options = {"exif": samples.private_exif(), "icc_profile": samples.swapped_profile()}
    if format_ == "JPEG":
        options["comment"] = b"SecretCamera"
    data = samples.image_file(format_, image, **options)
    assert b"SecretCamera" in data

    found = inspect(data)

    assert found.thumbnail.extension == {"RGB": "jpg", "RGBA": "png"}[colours]
    thumbnail = opened(found.thumbnail)
    assert dict(thumbnail.getexif()) == {}
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(thumbnail.info)
    assert b"SecretCamera" not in found.thumbnail.data


def test_broken_exif_data_does_not_break_an_image(inspect):
    data = samples.image_file("PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")

    assert inspect(data).details.width == 64


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_transparency_stays(inspect, format_):
    image = samples.quarters(64, 48).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 24))

    thumbnail = opened(inspect(samples.image_file(format_, image)).thumbnail)

    assert (thumbnail.format, thumbnail.mode) == ("PNG", "RGBA")
    assert thumbnail.getpixel((8, 8))[3] == 0
    assert thumbnail.getpixel((60, 8))[3] == 255


def test_an_alpha_channel_that_hides_nothing_is_dropped(inspect):
    opaque = samples.quarters().convert("RGBA")

    assert inspect(samples.image_file("PNG", opaque)).thumbnail.content_type == "image/jpeg"


def test_colours_are_converted_by_the_profile(inspect):
    data = samples.image_file("PNG", icc_profile=samples.swapped_profile())

    assert_near(corners(opened(inspect(data).thumbnail))[2:], [BLUE, WHITE])
    red, green = corners(opened(inspect(data).thumbnail))[:2]
    assert red[1] > red[0]
    assert green[0] > green[1]


def test_a_broken_profile_is_ignored(inspect):
    data = samples.image_file("PNG", icc_profile=b"nonsense")

    assert_near(corners(opened(inspect(data).thumbnail)), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("I;16", "PNG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("LAB", "TIFF"),
        ("F", "TIFF"),
        ("I", "TIFF"),
    ],
)
def test_every_way_to_store_colours_gets_a_thumbnail(inspect, mode, format_):
    source = samples.quarters().convert("L") if mode in {"F", "I", "I;16"} else samples.quarters()
    if mode == "LAB":
        image = Image.new("LAB", (64, 48), (128, 128, 128))
    elif mode == "I;16":
        image = Image.new("I;16", (64, 48), 0x8000)
    else:
        image = source.convert(mode)

    thumbnail = opened(inspect(samples.image_file(format_, image)).thumbnail)

    assert thumbnail.size == (64, 48)
    if mode in {"P", "CMYK"}:
        assert_near(corners(thumbnail), [RED, GREEN, BLUE, WHITE], 40)
    if mode == "I;16":
        assert_near([thumbnail.convert("RGB").getpixel((9, 9))], [(128, 128, 128)], 2)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_of_an_animation_are_counted(inspect, format_):
    details = inspect(samples.animation(format_, frames=7)).details

    assert (details.frames, details.animated) == (7, True)


def test_pages_of_a_tiff_are_counted_and_no_animation(inspect):
    details = inspect(samples.animation("TIFF", frames=3)).details

    assert (details.frames, details.animated) == (3, False)


def test_a_bomb_is_refused_by_its_header(inspect):
    with pytest.raises(PermanentError, match=r"60000 x 60000 = 3,600,000,000") as caught:
        inspect(samples.png_bomb())

    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_the_operator_says_how_many_pixels_are_too_many(inspect, format_):
    data = samples.image_file(format_)

    assert inspect(data, max_pixels=64 * 48)
    with pytest.raises(PermanentError, match="at most 3,071 pixels, got 64 x 48") as caught:
        inspect(data, max_pixels=64 * 48 - 1)
    assert caught.value.code == "image_too_large"


def test_a_gif_of_thousands_of_frames_is_refused(inspect):
    data = samples.gif_of(frames=5_000, size=4)

    with pytest.raises(PermanentError, match="at most 2,000 frames") as caught:
        inspect(data)
    assert caught.value.code == "too_many_frames"


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_operator_says_how_many_frames_are_too_many(inspect, format_):
    data = samples.animation(format_, frames=5)

    assert inspect(data, max_frames=5).details.frames == 5
    with pytest.raises(PermanentError) as caught:
        inspect(data, max_frames=4)
    assert caught.value.code == "too_many_frames"


def test_an_animation_that_unfolds_to_too_many_pixels_is_refused(inspect):
    data = samples.gif_of(frames=21, size=100)

    with pytest.raises(PermanentError, match="at most 200,000 pixels in all frames") as caught:
        inspect(data, max_pixels=10_000)
    assert caught.value.code == "image_too_large"


def test_a_second_page_that_is_too_large_is_refused(inspect):
    small, large = Image.new("1", (9, 9)), Image.new("1", (900, 900))
    data = samples.image_file(
        "TIFF", small, save_all=True, append_images=[large], compression="group4"
    )

    with pytest.raises(PermanentError, match="got 900 x 900") as caught:
        inspect(data, max_pixels=10_000)
    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize("format_", ["WEBP", "AVIF"])
def test_a_file_that_its_decoder_reads_whole_is_bounded(inspect, monkeypatch, format_):
    data = samples.image_file(format_)
    monkeypatch.setattr("penstock_upload.images._MAX_READ_WHOLE", len(data) - 1)

    with pytest.raises(PermanentError, match=f"at most {len(data) - 1} bytes") as caught:
        inspect(data)
    assert caught.value.code == "image_too_large"
