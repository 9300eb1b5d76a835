"""What an operator can set of this plugin."""

from typing import Annotated

import msgspec

_PILLOWS_OWN_LIMIT = 89_478_485
"""Above it Pillow warns, whatever is set here."""

Pixels = Annotated[
    int,
    msgspec.Meta(
        ge=1,
        le=_PILLOWS_OWN_LIMIT,
        description="How many pixels an image, or a frame of a video, may have; an animation may "
        "have 20 times as many in all its frames.",
    ),
]
Frames = Annotated[
    int,
    msgspec.Meta(ge=1, le=100_000, description="How many frames an animated image may have."),
]
Seconds = Annotated[
    float,
    msgspec.Meta(
        gt=0,
        le=3600,
        description="How much of a video or a sound is decoded, at its start and again at its "
        "end, in seconds.",
    ),
]
Pages = Annotated[
    int,
    msgspec.Meta(
        ge=1, le=100_000, description="From how many pages of a PDF, at most, the text is taken."
    ),
]


class UploadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a file is decoded, to know what it is."""

    max_pixels: Pixels = 50_000_000
    max_frames: Frames = 2_000
    decoded_seconds: Seconds = 10.0
    max_pdf_pages: Pages = 1_000
