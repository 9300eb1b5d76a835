"""What the video tests look at files with: a real decoder."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import av
import numpy as np
import pytest
from PIL import Image

from penstock.testing import Harness, Run
from penstock_video.generate import Video, generate
from penstock_video.request import VideoInput


@dataclass(frozen=True)
class Made:
    """A finished task: its result, its files, opened, and what it reported."""

    result: Video
    data: bytes
    stream: dict[str, object]
    frames: list[np.ndarray]
    times: list[float]
    poster: Image.Image
    progress: list[tuple[float, str]]


@pytest.fixture
def make() -> Callable[..., object]:
    """Run ``video.generate``, and decode all that it made."""

    async def generated(request: VideoInput) -> tuple[Run[Video], dict[UUID, bytes]]:
        async with Harness(inline=True) as harness:
            run = await harness.start(generate, request)
            return run, {each.id: await harness.bytes_of(each) for each in run.artifacts}

    def make(request: VideoInput) -> Made:
        run, files = asyncio.run(generated(request))
        result = run.output
        data = files[result.artifact.id]
        poster = Image.open(BytesIO(files[result.poster.id]))
        with av.open(BytesIO(data), "r") as container:
            (stream,) = container.streams
            assert isinstance(stream, av.VideoStream)
            assert stream.duration is not None
            assert stream.time_base is not None
            decoded = list(container.decode(stream))
            about: dict[str, object] = {
                "codec": stream.codec_context.name,
                "format": stream.codec_context.pix_fmt,
                "size": (stream.width, stream.height),
                "rate": stream.average_rate,
                "frames": stream.frames,
                "seconds": float(stream.duration * stream.time_base),
                "colours": (decoded[0].colorspace, decoded[0].color_range),
            }
        return Made(
            result=result,
            data=data,
            stream=about,
            frames=[frame.to_ndarray(format="rgb24") for frame in decoded],
            times=[frame.time for frame in decoded],
            poster=poster,
            progress=run.progress,
        )

    return make
