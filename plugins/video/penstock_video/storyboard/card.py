"""One scene, drawn: what stands still, in layers that a transition can move."""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from penstock_video.request import Scene
from penstock_video.storyboard.layout import Block, fit
from penstock_video.storyboard.palette import Palette, Rgb, palette
from penstock_video.storyboard.typeface import Typeface

_SIDE = 0.085
"""Of the width that stays free of text on each side."""
_TOP = 0.2
_BOTTOM = 0.14
"""Of the height that stays free of title and text; the label and the line are there."""
_SMOOTH = 2
"""Shapes are drawn this many times as large, and shrunk: Pillow draws them with steps."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something in one colour on the background."""

    mask: Image.Image
    left: int
    top: int
    colour: Rgb


@dataclass(frozen=True, kw_only=True)
class Card:
    """A scene's layers."""

    background: Image.Image
    marks: tuple[Mark, ...]
    accent: Rgb
    track: Rgb
    is_cut: bool
    """Whether not all of its text fits."""

    def write_on(self, picture: Image.Image, *, opacity: float, drop: float = 0.0) -> None:
        """Put text and ornaments on a picture.

        Args:
            picture: of the card's size; it is changed.
            opacity: from 0 to 1.
            drop: how far below their place, as a part of the height.
        """
        down = round(drop * picture.height)
        for mark in self.marks:
            mask = mark.mask.point([round(value * opacity) for value in range(256)])
            picture.paste(mark.colour, (mark.left, mark.top + down), mask)


def draw_card(scene: Scene, *, size: tuple[int, int], label: str, typeface: Typeface) -> Card:
    """Draw a scene.

    Args:
        scene: what it says, and its colours.
        size: width and height in pixels.
        label: a few ASCII characters, in small letters at the top.
        typeface: warns of what it cannot draw.
    """
    width, height = size
    colours = palette(scene.background, scene.accent)
    left, top = round(width * _SIDE), round(height * _TOP)
    room = height - top - round(height * _BOTTOM)
    layout = fit(
        typeface.drawable(scene.title),
        typeface.drawable(scene.text),
        width=width - 2 * left,
        height=room,
        typeface=typeface,
    )
    title_top = top + (room - layout.height) // 2
    text_top = title_top + layout.title.height + layout.gap
    marks = [
        _write(layout.title, size, left, title_top, colours.ink, typeface, weight=0.02),
        _write(layout.text, size, left, text_top, colours.soft_ink, typeface),
        _dash(size, left, round(height * 0.115), colours.accent),
    ]
    if label:
        small = max(7, round(min(size) * 0.034))
        block = Block(lines=(label,), size=small, leading=small)
        right = width - left - round(typeface.font(small).getlength(label))
        label_top = round(height * 0.115) - small // 2
        marks.append(_write(block, size, right, label_top, colours.soft_ink, typeface))
    return Card(
        background=_background(size, colours),
        marks=tuple(mark for mark in marks if mark is not None),
        accent=colours.accent,
        track=colours.track,
        is_cut=layout.is_cut,
    )


def _write(
    block: Block,
    size: tuple[int, int],
    left: int,
    top: int,
    colour: Rgb,
    typeface: Typeface,
    *,
    weight: float = 0.0,
) -> Mark | None:
    """Lines of text; ``weight`` makes letters bolder, by a part of their size."""
    font = typeface.font(block.size)
    ascent, descent = font.getmetrics()
    baseline = top + (block.leading - ascent - descent) // 2 + ascent
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for number, line in enumerate(block.lines):
        draw.text(
            (left, baseline + number * block.leading),
            line,
            font=font,
            fill=255,
            anchor="ls",
            stroke_width=weight * block.size,
        )
    return _mark(mask, colour)


def _dash(size: tuple[int, int], left: int, middle: int, colour: Rgb) -> Mark | None:
    thick = max(2, round(min(size) * 0.009))
    mask = Image.new("L", size)
    top = middle - thick // 2
    ImageDraw.Draw(mask).rectangle(
        (left, top, left + round(size[0] * 0.06), top + thick - 1), fill=255
    )
    return _mark(mask, colour)


def _mark(mask: Image.Image, colour: Rgb) -> Mark | None:
    box = mask.getbbox()
    if box is None:
        return None
    return Mark(mask=mask.crop(box), left=box[0], top=box[1], colour=colour)


def _background(size: tuple[int, int], colours: Palette) -> Image.Image:
    """The colour itself at the top left, some shade towards the bottom, and two soft discs."""
    width, height = size
    picture = Image.new("RGB", size, colours.background)
    shadow = Image.linear_gradient("L").resize(size, Image.Resampling.BILINEAR)
    picture.paste(colours.shade, (0, 0), shadow)
    for centre, radius in (((0.98, 0.9), 0.62), ((0.78, 1.06), 0.3)):
        x, y, r = width * centre[0], height * centre[1], min(size) * radius
        disc = Image.new("L", (width * _SMOOTH, height * _SMOOTH))
        box = tuple(each * _SMOOTH for each in (x - r, y - r, x + r, y + r))
        ImageDraw.Draw(disc).ellipse(box, fill=128)
        picture.paste(colours.glow, (0, 0), disc.resize(size, Image.Resampling.BOX))
    return picture
