"""Text to lines that fit a box."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL.ImageFont import FreeTypeFont

from penstock_video.storyboard.typeface import Typeface

_TITLE_LEADING = 1.16
_TEXT_LEADING = 1.42
"""Of a line's height to the size of its letters."""
_TEXT_TO_TITLE = 0.44
_GAP_TO_TITLE = 0.4
"""Between title and text."""
_SMALLEST = 7
"""Letters of fewer pixels cannot be read at all,"""
_SMALLEST_PART = 0.045
"""and those below this part of the box not from where one watches a video."""
_SHRINK = 0.9
_NARROWEST = 0.2
"""Of a letter's width to its size."""
_ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Lines of one size."""

    lines: tuple[str, ...]
    size: int
    leading: int
    """From baseline to baseline."""

    @property
    def height(self) -> int:
        """Of all lines."""
        return self.leading * len(self.lines)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A title and the text below it."""

    title: Block
    text: Block
    gap: int
    """Between the two."""
    is_cut: bool = False
    """Whether lines were left out, at the smallest size."""

    @property
    def height(self) -> int:
        """Of title, gap and text."""
        return self.title.height + self.gap + self.text.height


def fit(title: str, text: str, *, width: int, height: int, typeface: Typeface) -> Layout:
    """The largest letters with which both texts fit a box; cut if the smallest are too large."""
    size = min(width * 0.1, height * 0.18)
    smallest = max(_SMALLEST, round(min(width, height) * _SMALLEST_PART))
    while True:
        layout = _lay_out(title, text, max(size, smallest), smallest, width, typeface)
        if layout.height <= height:
            return replace(
                layout,
                title=_balance(layout.title, title, width, typeface),
                text=_balance(layout.text, text, width, typeface),
            )
        if round(size * _TEXT_TO_TITLE) < smallest and size < smallest:
            return _cut(layout, width, height, typeface)
        size *= _SHRINK


def _lay_out(
    title: str, text: str, size: float, smallest: int, width: int, typeface: Typeface
) -> Layout:
    title_size = round(size)
    text_size = max(smallest, round(size * _TEXT_TO_TITLE))
    return Layout(
        title=Block(
            lines=tuple(_wrap(title, typeface.font(title_size), width)),
            size=title_size,
            leading=round(title_size * _TITLE_LEADING),
        ),
        text=Block(
            lines=tuple(_wrap(text, typeface.font(text_size), width)),
            size=text_size,
            leading=round(text_size * _TEXT_LEADING),
        ),
        gap=round(size * _GAP_TO_TITLE) if text.strip() else 0,
    )


def _cut(layout: Layout, width: int, height: int, typeface: Typeface) -> Layout:
    """The text goes first: a card without its title says nothing."""
    title = _shorten(layout.title, width, height, typeface)
    text = _shorten(layout.text, width, height - title.height - layout.gap, typeface)
    gap = layout.gap if text.lines else 0
    return replace(layout, title=title, text=text, gap=gap, is_cut=True)


def _shorten(block: Block, width: int, height: int, typeface: Typeface) -> Block:
    room = max(0, height // block.leading)
    if len(block.lines) <= room:
        return block
    lines = list(block.lines[:room])
    if lines:
        font, last = typeface.font(block.size), lines[-1].rstrip()
        while last and font.getlength(last + _ELLIPSIS) > width:
            last = last[:-1].rstrip()
        lines[-1] = last + _ELLIPSIS
    return replace(block, lines=tuple(lines))


def _balance(block: Block, text: str, width: int, typeface: Typeface) -> Block:
    """Lines of about the same length, so that no word is left alone; as many of them as before."""
    font, narrower = typeface.font(block.size), width * 0.95
    while narrower > width / 2:
        lines = _wrap(text, font, narrower)
        if len(lines) > len(block.lines):
            break
        block, narrower = replace(block, lines=tuple(lines)), narrower * 0.95
    return block


def _wrap(text: str, font: FreeTypeFont, width: float) -> list[str]:
    # Word by word: to measure the growing line again and again takes a second for a long text.
    space = font.getlength(" ")
    lines: list[str] = []
    for paragraph in text.strip().splitlines():
        line, used = "", 0.0
        for word in paragraph.split():
            longer = used + space + font.getlength(word)
            if line and longer <= width:
                line, used = f"{line} {word}", longer
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(word, font, width)
            lines.extend(full)
            used = font.getlength(line)
        lines.append(line)
    return lines


def _pieces(word: str, font: FreeTypeFont, width: float) -> Iterator[str]:
    """The word, broken only if it is longer than a line."""
    while word:
        most = min(len(word), 1 + int(width / (font.size * _NARROWEST)))
        fitting = bisect_right(
            range(1, most + 1), width, key=lambda count: font.getlength(word[:count])
        )
        yield word[: max(1, fitting)]
        word = word[max(1, fitting) :]
