"""Cards: colours and text, laid out by ``layouts/card.typ``."""

import re
from dataclasses import dataclass

from penstock_ai.card import Card
from penstock_ai.drawing.typst_png import Drawing, draw
from penstock_ai.render.markdown import clean

_LONG_WORD = re.compile(r"\S{40,}")
_LINEAR_FROM = 0.04045
_LIGHT = 0.36
"""Of relative luminance (WCAG 2): above it, black text has the higher contrast."""


@dataclass(frozen=True, kw_only=True)
class _Colours:
    background: str
    text: str
    accent: str


_THEMES = {
    "light": _Colours(background="#fbf8f3", text="#1d2733", accent="#c8553d"),
    "dark": _Colours(background="#14202e", text="#f3efe6", accent="#e9b44c"),
    "vivid": _Colours(background="#22577a", text="#ffffff", accent="#80ed99"),
}


def draw_card(card: Card, *, width: int, height: int) -> Drawing:
    """Draw a card as a PNG; its text shrinks until it fits, and ``warnings`` say if it is tiny."""
    theme = _THEMES[card.theme]
    text = card.text_colour or (_text_on(card.background) if card.background else theme.text)
    return draw(
        "card",
        {
            "title": _breakable(" ".join(card.title.split())),
            "subtitle": _breakable(" ".join(card.subtitle.split())),
            "body": _breakable(card.body.strip()),
            "background": card.background or theme.background,
            "text": text,
            "accent": card.accent or theme.accent,
        },
        width=width,
        height=height,
    )


def _breakable(text: str) -> str:
    """The text with a place to break after every character of words longer than any line."""
    return _LONG_WORD.sub(lambda word: "\u200b".join(word[0]), clean(text))


def _text_on(background: str) -> str:
    return "#14161a" if luminance(background) > _LIGHT else "#ffffff"


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``, from 0 to 1, as WCAG 2 defines it.

    >>> luminance("#ffffff")
    1.0
    """
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return round(0.2126 * red + 0.7152 * green + 0.0722 * blue, 6)


def _linear(channel: float) -> float:
    if channel <= _LINEAR_FROM:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
