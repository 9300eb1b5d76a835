"""Pictures to an MP4 file."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

_THREADS = 2
"""Of the encoder: other tasks need the cores, too."""
_SECONDS_BETWEEN_KEY_FRAMES = 2
"""Where a player can jump to at once."""


class Encoder:
    """H.264 as every browser plays it: yuv420p, BT.709, limited range, index at the front.

    Use it as a context manager; without :meth:`finish` the file is incomplete.
    """

    def __init__(self, path: Path, *, width: int, height: int, fps: int) -> None:
        self._container = av.open(path, "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream(
            "libx264",
            rate=Fraction(fps),
            options={"preset": "veryfast", "crf": "18", "tune": "animation"},
        )
        self._stream.width = width
        self._stream.height = height
        self._stream.pix_fmt = "yuv420p"
        codec = self._stream.codec_context
        codec.thread_count = _THREADS
        codec.gop_size = fps * _SECONDS_BETWEEN_KEY_FRAMES
        codec.colorspace = Colorspace.ITU709
        codec.color_range = ColorRange.MPEG
        codec.color_primaries = ColorPrimaries.BT709
        codec.color_trc = ColorTrc.BT709

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._container.close()

    def add(self, picture: Image.Image) -> None:
        """Append one RGB picture of the video's size."""
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write the frames that the encoder holds back."""
        self._container.mux(self._stream.encode(None))
