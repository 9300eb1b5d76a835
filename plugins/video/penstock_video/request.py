"""What ``video.generate`` takes, and what of it is refused."""

from difflib import get_close_matches
from typing import Annotated

import msgspec

PROVIDERS = ("storyboard",)

MAX_SECONDS = 120
MAX_PIXELS = MAX_SECONDS * 24 * 1920 * 1080
"""Of all frames together: the longest video at the largest size, 24 times a second."""

Colour = Annotated[
    str,
    # The length too: in Python, `$` also matches before a newline at the end.
    msgspec.Meta(
        pattern="^#[0-9a-fA-F]{6}$", max_length=7, description="Red, green and blue: `#1e293b`."
    ),
]
SceneTitle = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=200, description="In large letters; wraps and shrinks to fit."
    ),
]
SceneText = Annotated[
    str,
    msgspec.Meta(
        max_length=600, description="Below the title; line breaks are kept. May be empty."
    ),
]
SceneSeconds = Annotated[
    float,
    msgspec.Meta(
        ge=0.5,
        le=30,
        description="How long it is shown, rounded to whole frames (at least one); "
        "the cross-fade into it included.",
    ),
]


class Scene(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One card of a storyboard."""

    title: SceneTitle
    text: SceneText = ""
    seconds: SceneSeconds = 3.0
    background: Colour = "#152238"
    accent: Colour = "#f2a65a"


Scenes = Annotated[
    list[Scene],
    msgspec.Meta(
        min_length=1,
        max_length=50,
        description="The cards of the video, in order. The `storyboard` provider renders them.",
    ),
]
Prompt = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=10_000,
        description="What the video shall show, for a video model. None is installed: such a task "
        "fails with the code `capability_unavailable`.",
    ),
]
Width = Annotated[int, msgspec.Meta(ge=160, le=1920, multiple_of=2, description="In pixels; even.")]
Height = Annotated[int, msgspec.Meta(ge=90, le=1080, multiple_of=2, description="In pixels; even.")]
Fps = Annotated[int, msgspec.Meta(ge=1, le=60, description="Frames per second.")]
Title = Annotated[
    str,
    msgspec.Meta(
        max_length=200, description="For the file's name; the first scene's title if left out."
    ),
]
ProviderName = Annotated[
    str,
    msgspec.Meta(
        max_length=100,
        description="What makes the video; the one that is installed if left out.",
        extra_json_schema={"enum": list(PROVIDERS)},
    ),
]


class VideoInput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to show: exactly one of ``scenes`` and ``prompt``.

    Raises:
        ValueError: if both or neither are given, if there is no such provider, or if the video
            would be too long or have too many pixels. Decoding turns it into a
            ``msgspec.ValidationError``.
    """

    scenes: Scenes | None = None
    prompt: Prompt | None = None
    width: Width = 1280
    height: Height = 720
    fps: Fps = 24
    title: Title = ""
    provider: ProviderName | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        if (self.scenes is None) == (self.prompt is None):
            got = "neither" if self.scenes is None else "both"
            message = (
                f"expected exactly one of 'scenes' and 'prompt', got {got}; send the cards of a "
                "storyboard as 'scenes', or a free-form text for a video model as 'prompt'"
            )
            raise ValueError(message)
        if self.provider is not None and self.provider not in PROVIDERS:
            near = get_close_matches(self.provider, PROVIDERS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            message = (
                f"expected 'provider' to be one of {', '.join(map(repr, PROVIDERS))}, "
                f"got {self.provider!r}; {hint}or leave it out"
            )
            raise ValueError(message)
        self._check_size()

    def frames_of(self, scene: Scene) -> int:
        """For how many frames a scene is shown."""
        return max(1, round(scene.seconds * self.fps))

    def _check_size(self) -> None:
        frames = sum(map(self.frames_of, self.scenes or []))
        if frames > MAX_SECONDS * self.fps:
            message = (
                f"expected the scenes to last at most {MAX_SECONDS} seconds together, got "
                f"{frames / self.fps:g}; show fewer of them, shorten their 'seconds', or split "
                "the video over several tasks"
            )
            raise ValueError(message)
        pixels = frames * self.width * self.height
        if pixels > MAX_PIXELS:
            message = (
                f"expected the frames to have at most {MAX_PIXELS:,} pixels together (like "
                f"{MAX_SECONDS} seconds of 1920×1080 at 24 frames per second), got {pixels:,} "  # noqa: RUF001  (the sign for sizes)
                f"({frames} of {self.width}×{self.height}); lower 'fps', 'width' and 'height', "  # noqa: RUF001
                "or the scenes' 'seconds'"
            )
            raise ValueError(message)
