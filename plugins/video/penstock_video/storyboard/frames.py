"""The order of pictures: cards, the way from one to the next, and how far the video is."""

from collections.abc import Callable, Iterator, Sequence

from PIL import Image, ImageDraw

from penstock_video.storyboard.card import Card

_TRANSITION_SECONDS = 0.8
_MAX_TRANSITION_PART = 0.4
"""Of a short scene: the rest of it stands still."""
_RISE = 0.04
"""Of the height that text rises by on its way in."""


def frames(
    lengths: Sequence[int], card: Callable[[int], Card], *, fps: int
) -> Iterator[Image.Image]:
    """All pictures of the video, in order.

    Each scene begins with a transition from the one before: the backgrounds fade into each other,
    the old text fades out, and then the new one rises into its place. The rest of the scene stands
    still, but for the line along the bottom.

    Args:
        lengths: of the scenes, in frames.
        card: draws a scene; called once for each, when it comes up.
        fps: frames per second.
    """
    total = sum(lengths)
    number = 0
    before: Card | None = None
    for index, length in enumerate(lengths):
        shown = card(index)
        still = shown.background.copy()
        shown.write_on(still, opacity=1)
        transition = int(min(_TRANSITION_SECONDS * fps, _MAX_TRANSITION_PART * length))
        for position in range(length):
            number += 1
            if position < transition:
                picture = _between(before, shown, (position + 1) / (transition + 1))
            else:
                picture = still.copy()
            _draw_progress(picture, shown, number / total)
            yield picture
        before = shown


def _between(before: Card | None, after: Card, time: float) -> Image.Image:
    """One card on its way to the next; ``time`` is from 0 to 1."""
    if before is None:
        picture, arrived = after.background.copy(), time
    else:
        picture = Image.blend(before.background, after.background, time)
        before.write_on(picture, opacity=max(0.0, 1 - 3 * time))
        arrived = max(0.0, (3 * time - 1) / 2)
    eased = 1 - (1 - arrived) ** 3
    after.write_on(picture, opacity=eased, drop=(1 - eased) * _RISE)
    return picture


def _draw_progress(picture: Image.Image, card: Card, done: float) -> None:
    width, height = picture.size
    top = height - max(2, round(height * 0.008))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, top, width, height), fill=card.track)
    draw.rectangle((0, top, max(0, round(width * done) - 1), height), fill=card.accent)
