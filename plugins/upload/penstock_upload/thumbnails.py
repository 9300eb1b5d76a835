"""A small picture of a large one, with nothing in it but pixels."""

import math
from io import BytesIO

from PIL import Image, ImageCms

from penstock_upload.finding import Thumbnail

LONGEST_SIDE = 320

_JPEG_QUALITY = 85
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {5, 6, 7, 8}
"""The EXIF orientations that swap width and height."""


def thumbnail_of(image: Image.Image, *, orientation: int = 1) -> Thumbnail:
    """A JPEG, or a PNG if some of it can be seen through; never larger than the image.

    Colours are converted to sRGB by the image's own profile, if it has one that can be read.

    Args:
        image: loaded; it stays as it is.
        orientation: as in EXIF, from 1 to 8; other values mean 1.
    """
    profile = image.info.get("icc_profile")
    small = _scaled(_averageable(image))
    alpha = small.getchannel("A") if small.mode in {"RGBA", "LA"} else None
    colours = _srgb(small.convert("RGB") if alpha else small, profile)
    if alpha and alpha.getextrema()[0] < 255:  # type: ignore[operator]  # noqa: PLR2004  # one band, fully opaque
        colours.putalpha(alpha)
    if orientation in _TURNS:
        colours = colours.transpose(_TURNS[orientation])
    # A new image has none of the metadata that Pillow would write out again.
    clean = Image.frombytes(colours.mode, colours.size, colours.tobytes())
    written = BytesIO()
    if clean.mode == "RGBA":
        clean.save(written, "PNG", optimize=True)
        return Thumbnail(data=written.getvalue(), content_type="image/png", extension="png")
    clean.save(written, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return Thumbnail(data=written.getvalue(), content_type="image/jpeg", extension="jpg")


def _scaled(image: Image.Image) -> Image.Image:
    scale = min(1.0, LONGEST_SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _averageable(image: Image.Image) -> Image.Image:
    """The image in a mode whose pixels can be averaged."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "P":
        return image.convert("RGB")
    if image.mode in {"L", "RGB", "CMYK", "YCbCr", "LAB"}:
        return image
    if image.mode.startswith(("I", "F")):
        image = _in_256_steps(image)
    return image.convert("L")


def _in_256_steps(image: Image.Image) -> Image.Image:
    """Numbers of 16 bits as they are; larger ones from their lowest to their highest."""
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):
        low, high = image.getextrema()  # type: ignore[assignment]  # of one band
    scale = 255 / (high - low) if high > low and math.isfinite(high - low) else 0.0
    return image.point(lambda value: value * scale - low * scale)


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that is broken, or made for other colours: shown without it
        else:
            if converted is not None:
                return converted
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, target, outputMode="RGB") or image
    return image.convert("RGB")
