"""The colours of a card, from the two that its scene names."""

from dataclasses import dataclass

Rgb = tuple[int, int, int]

_LIGHT: Rgb = (255, 255, 255)
_DARK: Rgb = (17, 20, 26)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Letters are light or dark, whichever can be read better on the background."""

    background: Rgb
    shade: Rgb
    """The background, where it is in the shade."""
    glow: Rgb
    """The background, with some of the accent in it."""
    ink: Rgb
    """Of titles."""
    soft_ink: Rgb
    """Of everything else that is written."""
    track: Rgb
    """Of the progress line, where it is not yet."""
    accent: Rgb


def palette(background: str, accent: str) -> Palette:
    """Both given as ``#rrggbb``."""
    ground, spot = _parse(background), _parse(accent)
    ink = max((_LIGHT, _DARK), key=lambda each: _contrast(each, ground))
    return Palette(
        background=ground,
        shade=_mix(ground, (0, 0, 0), 0.12),
        glow=_mix(ground, spot, 0.16),
        ink=ink,
        soft_ink=_mix(ink, ground, 0.22),
        track=_mix(ground, ink, 0.2),
        accent=spot,
    )


def _parse(colour: str) -> Rgb:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _mix(one: Rgb, other: Rgb, part: float) -> Rgb:
    """``one``, with ``part`` of it replaced by ``other``."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _contrast(one: Rgb, other: Rgb) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  (sRGB)
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
