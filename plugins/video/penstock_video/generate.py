"""The task type ``video.generate``: a storyboard to an MP4 with a poster."""

import re
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from penstock import Artifact, PermanentError, SyncContext, task
from penstock_video.queues import VIDEO
from penstock_video.request import Scene, VideoInput

_RENDERED_PERCENT = 95
"""What is left is for storing the files."""


class Video(msgspec.Struct, kw_only=True, frozen=True):
    """A finished video, and where it came from."""

    artifact: Artifact
    """An MP4 with H.264 in it, and no sound."""
    poster: Artifact
    """A JPEG of the frame in the middle of the first scene."""
    width: int
    height: int
    """Both in pixels."""
    fps: int
    frames: int
    duration_seconds: float
    warnings: list[str] = []
    """What of the text the frames do not show as it was sent."""
    provider: str = "storyboard"
    provider_label: str = "built-in renderer, no AI model"
    is_model_output: bool = False
    usage: None = None
    cost: float = 0.0


@task(
    "video.generate",
    queue=VIDEO,
    timeout=timedelta(minutes=10),
    examples=[
        VideoInput(
            scenes=[
                Scene(title="Hello", text="This video was rendered on the worker.", seconds=1.5),
                Scene(title="No AI model, no network", background="#7a2e3a", seconds=1.5),
            ],
            title="Hello",
            width=640,
            height=360,
        ),
        VideoInput(
            scenes=[
                Scene(
                    title="Mill Lane Joinery",
                    text="Shelves, doors and stairs.\nMade of oak, made to last.",
                    background="#f4efe6",
                    accent="#8a5a2b",
                ),
                Scene(title="Open from Monday", background="#8a5a2b", accent="#f4efe6", seconds=2),
            ],
            fps=30,
        ),
    ],
)
def generate(request: VideoInput, ctx: SyncContext) -> Video:
    """Render a storyboard's scenes to an H.264 video (MP4, without sound) and a poster (JPEG).

    The built-in renderer draws the scenes as title cards, with cross-fades between them; nothing is
    fetched from anywhere and no AI model is used. A free-form prompt needs a video model, and none
    is installed. A run that is cut short (by its time-out, or because its worker shuts down) stops
    within half a second, and leaves no file behind.

    Raises:
        PermanentError: ``capability_unavailable`` for a prompt.
    """
    if request.scenes is None:
        message = (
            "expected 'scenes', got a 'prompt', which needs a video model, and none is installed; "
            "send 'scenes', which the built-in 'storyboard' provider renders, or install a plugin "
            "that brings a video model"
        )
        raise PermanentError(message, code="capability_unavailable")

    from penstock_video.storyboard import render

    total = sum(map(request.frames_of, request.scenes))

    def on_frame(frame: int) -> None:
        ctx.progress(_RENDERED_PERCENT * frame / total, f"frame {frame} of {total}")

    with TemporaryDirectory(prefix="penstock-video-") as folder:
        rendered = render(request, Path(folder), on_frame=on_frame)
        ctx.progress(_RENDERED_PERCENT, "storing the files")
        stem = _file_stem(request.title or request.scenes[0].title)
        artifact = ctx.artifacts.put(f"{stem}.mp4", rendered.video, content_type="video/mp4")
        poster = ctx.artifacts.put(f"{stem}.jpg", rendered.poster, content_type="image/jpeg")
    return Video(
        artifact=artifact,
        poster=poster,
        width=request.width,
        height=request.height,
        fps=request.fps,
        frames=total,
        duration_seconds=total / request.fps,
        warnings=list(rendered.warnings),
    )


def _file_stem(title: str) -> str:
    """Words joined by hyphens; ``video`` if the title has none."""
    return "-".join(re.findall(r"\w+", title.lower()))[:60].strip("-") or "video"
