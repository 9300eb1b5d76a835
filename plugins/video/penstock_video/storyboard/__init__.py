"""Scenes to an MP4 and a poster. What it imports is heavy: import it inside a handler."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from penstock_video.request import VideoInput
from penstock_video.storyboard.card import Card, draw_card
from penstock_video.storyboard.encoder import Encoder
from penstock_video.storyboard.frames import frames
from penstock_video.storyboard.typeface import Typeface

__all__ = ["Rendered", "render"]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Finished files."""

    video: Path
    """An MP4: H.264, yuv420p, BT.709."""
    poster: Path
    """A JPEG of the frame in the middle of the first scene."""
    warnings: tuple[str, ...]
    """What of the text the frames do not show as it was sent."""


def render(request: VideoInput, folder: Path, *, on_frame: Callable[[int], None]) -> Rendered:
    """Draw and encode the scenes, one frame after the other.

    Args:
        request: one with scenes.
        folder: where the files go.
        on_frame: called with the number of each frame, from 1, when it is encoded.
    """
    scenes = request.scenes or []
    lengths = [request.frames_of(scene) for scene in scenes]
    typeface = Typeface()
    warnings: list[str] = []

    def card(index: int) -> Card:
        drawn = draw_card(
            scenes[index],
            size=(request.width, request.height),
            label=f"{index + 1} / {len(scenes)}" if len(scenes) > 1 else "",
            typeface=typeface,
        )
        if drawn.is_cut:
            warnings.append(
                f"the text of scene {index + 1} does not fit in {request.width}x{request.height} "
                "and was cut; shorten it, or split it over several scenes"
            )
        return drawn

    video, poster = folder / "video.mp4", folder / "poster.jpg"
    with Encoder(video, width=request.width, height=request.height, fps=request.fps) as encoder:
        shown = frames(lengths, card, fps=request.fps)
        for number, frame in enumerate(shown, start=1):
            if number == lengths[0] // 2 + 1:
                frame.save(poster, quality=90)
            encoder.add(frame)
            on_frame(number)
        encoder.finish()
    return Rendered(video=video, poster=poster, warnings=(*typeface.warnings(), *warnings))
