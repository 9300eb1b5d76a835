"""List numbering in DOCX: python-docx has none, so this writes its elements.

One definition each for bullets and for numbers; every numbered list gets an instance of its own,
because instances that are shared go on counting.
"""

from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from penstock_ai.render.docx_styles import element

_LEVELS = 9
"""That many exist in the format; deeper items look like the ninth, but are indented further."""
_BULLETS = "•◦▪"
_NUMBERS = ("decimal", "lowerLetter", "lowerRoman")


class ListNumbers:
    """Hands out numbering ids within one document."""

    def __init__(self, document: Document) -> None:
        self._root = document.part.numbering_part.element
        self._next = 1 + max(
            (int(each.get(qn("w:numId"))) for each in self._root.iterfind(qn("w:num"))), default=0
        )
        first = 1 + max(
            (
                int(each.get(qn("w:abstractNumId")))
                for each in self._root.iterfind(qn("w:abstractNum"))
            ),
            default=0,
        )
        self._bullets = self._define(first, numbered=False)
        self._numbers = self._define(first + 1, numbered=True)
        self._bullet_list = self._instance(self._bullets)

    def bullets(self) -> int:
        """The id for any bulleted list."""
        return self._bullet_list

    def numbers(self, *, start: int, level: int) -> int:
        """A new id, for a list that counts from ``start``."""
        return self._instance(self._numbers, start=start, level=level)

    @staticmethod
    def apply(properties: BaseOxmlElement, number: int, *, level: int) -> None:
        """Make the paragraph with these properties an item of the list with this id."""
        numbering = element("w:numPr")
        numbering.append(element("w:ilvl", val=str(min(level, _LEVELS - 1))))
        numbering.append(element("w:numId", val=str(number)))
        properties.append(numbering)

    def _define(self, identity: int, *, numbered: bool) -> int:
        definition = element("w:abstractNum", abstractNumId=str(identity))
        definition.append(element("w:multiLevelType", val="multilevel"))
        for level in range(_LEVELS):
            kind = _NUMBERS[level % 3] if numbered else "bullet"
            mark = f"%{level + 1}." if numbered else _BULLETS[level % 3]
            entry = element("w:lvl", ilvl=str(level))
            entry.append(element("w:start", val="1"))
            entry.append(element("w:numFmt", val=kind))
            entry.append(element("w:lvlText", val=mark))
            entry.append(element("w:lvlJc", val="left"))
            definition.append(entry)
        # The schema wants all definitions before the first instance.
        self._root.find(qn("w:num")).addprevious(definition)
        return identity

    def _instance(self, definition: int, *, start: int | None = None, level: int = 0) -> int:
        identity, self._next = self._next, self._next + 1
        instance = element("w:num", numId=str(identity))
        instance.append(element("w:abstractNumId", val=str(definition)))
        if start is not None:
            override = element("w:lvlOverride", ilvl=str(min(level, _LEVELS - 1)))
            override.append(element("w:startOverride", val=str(start)))
            instance.append(override)
        self._root.append(instance)
        return identity
