"""The letters of the cards, and what to draw in place of those that the font lacks."""

import unicodedata
from importlib.resources import as_file, files

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

_NO_LETTER = "\ufffd"
"""Has no glyph, so it is drawn as the font's box."""
_LISTED = 12
_FILE = files("font_source_sans_pro") / "files" / "SourceSansPro-Regular.ttf"


class Typeface:
    """Source Sans Pro, the same on every machine: Latin, Greek and Cyrillic letters.

    A character that it lacks is drawn as a plain one that is the same but for its form, or else as
    a box; :meth:`warnings` tells of both. One instance serves one thread.
    """

    def __init__(self) -> None:
        self._fonts: dict[int, FreeTypeFont] = {}
        self._known: dict[str, str] = {"\n": "\n"}
        self._plain: list[str] = []
        self._boxes: list[str] = []
        self._box = self._shape(_NO_LETTER)

    def font(self, size: int) -> FreeTypeFont:
        """The font in a size, in pixels."""
        if size not in self._fonts:
            with as_file(_FILE) as file:
                self._fonts[size] = ImageFont.truetype(file, size)
        return self._fonts[size]

    def drawable(self, text: str) -> str:
        """The text as it can be drawn: glyphs, boxes, spaces and line breaks."""
        text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
        for character in text:
            if character not in self._known:
                self._known[character] = self._substitute(character)
        return "".join(self._known[character] for character in text)

    def warnings(self) -> list[str]:
        """What of the texts so far is not drawn as it is."""
        found = []
        if self._plain:
            found.append(
                f"the built-in font lacks {_listed(self._plain)}: drawn with plain letters instead"
            )
        if self._boxes:
            found.append(
                f"the built-in font lacks {_listed(self._boxes)}: drawn as boxes; leave such "
                "characters out, or write them in Latin letters"
            )
        return found

    def _substitute(self, character: str) -> str:
        if character.isspace():
            return " "
        if unicodedata.category(character) in {"Cc", "Cf", "Mn", "Me"}:
            return ""
        if self._has_glyph(character):
            return character
        decomposed = unicodedata.normalize("NFKD", character)
        plain = "".join(each for each in decomposed if not unicodedata.combining(each))
        if plain and all(map(self._has_glyph, plain)):
            self._plain.append(character)
            return plain
        self._boxes.append(character)
        return _NO_LETTER

    def _has_glyph(self, character: str) -> bool:
        # Pillow does not show which characters a font has, but all others look the same.
        return self._shape(character) != self._box

    def _shape(self, character: str) -> tuple[tuple[int, int], bytes, float]:
        large = self.font(40)
        mask = large.getmask(character)
        return mask.size, bytes(mask), large.getlength(character)


def _listed(characters: list[str]) -> str:
    more = f" and {len(characters) - _LISTED} more" if len(characters) > _LISTED else ""
    return ", ".join(map(repr, characters[:_LISTED])) + more
