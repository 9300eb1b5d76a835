"""Whether bytes that a provider sent are a picture, by decoding them."""

from dataclasses import dataclass
from io import BytesIO
from typing import Literal, cast

from PIL import Image

from penstock import PermanentError

MAX_PIXELS = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a picture is, by its decoder."""

    width: int
    height: int
    format: Literal["png", "jpeg", "webp"]


def examine(data: bytes) -> Examined:
    """Decode all pixels of a picture.

    Raises:
        PermanentError: code ``provider_refused``: not a whole PNG, JPEG or WebP file, or of more
            than :data:`MAX_PIXELS` pixels.
    """
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise _no_picture(f"{width} by {height} pixels")
            picture.load()
            kind = (picture.format or "").lower()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _no_picture(f"{len(data):,} bytes that are none ({error})") from error
    return Examined(width=width, height=height, format=cast("Literal['png', 'jpeg', 'webp']", kind))


def _no_picture(got: str) -> PermanentError:
    message = (
        f"expected the provider to send a PNG, JPEG or WebP picture of at most {MAX_PIXELS:,} "
        f"pixels, got {got}; ask for another size or model, or see the provider's status"
    )
    return PermanentError(message[:1000], code="provider_refused")
