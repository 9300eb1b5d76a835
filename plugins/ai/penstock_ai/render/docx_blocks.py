"""Blocks into the body of a DOCX document."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.table import CT_Tbl
from docx.shared import Cm
from docx.table import Table as DocxTable
from docx.text.paragraph import Paragraph as DocxParagraph

from penstock_ai.render.blocks import (
    Block,
    Code,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
)
from penstock_ai.render.docx_lists import ListNumbers
from penstock_ai.render.docx_styles import CODE_BLOCK, RULE, TABLE_TEXT, TEXT_WIDTH, element
from penstock_ai.render.docx_text import write_runs

_STEP = Cm(0.75)
_ALIGN = {
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}


@dataclass(frozen=True)
class _Place:
    """How deep the current block is inside of lists and quotes."""

    lists: int = 0
    quotes: int = 0


class BlockWriter:
    """Appends blocks to one document.

    It works on elements where python-docx's own methods search the whole document for every
    paragraph: a text of 200 kB would take minutes.
    """

    def __init__(self, document: Document) -> None:
        self._body = document._body  # noqa: SLF001
        self._end = document.element.body.sectPr
        self._numbers = ListNumbers(document)
        self._mark: int | None = None
        """The list that the next paragraph is an item of."""

    def write(self, blocks: Iterable[Block]) -> None:
        """Append the blocks."""
        self._flow(blocks, _Place())

    def _flow(self, blocks: Iterable[Block], place: _Place) -> None:
        for block in blocks:
            match block:
                case Heading(level=level, runs=runs):
                    write_runs(self._paragraph(f"Heading{level}", place), runs)
                case Paragraph(runs=runs):
                    write_runs(self._paragraph(_style(place), place), runs)
                case Code(text=text):
                    self._unmark(place)
                    self._paragraph(CODE_BLOCK, place).add_run(text)
                case Rule():
                    self._unmark(place)
                    self._paragraph(RULE, place)
                case Quote(blocks=inner):
                    self._unmark(place)
                    self._flow(inner, replace(place, quotes=place.quotes + 1))
                case ListBlock():
                    self._unmark(place)
                    self._list(block, place)
                case Table():
                    self._unmark(place)
                    self._table(block)
                case _:
                    assert_never(block)

    def _list(self, block: ListBlock, place: _Place) -> None:
        if block.start is None:
            number = self._numbers.bullets()
        else:
            number = self._numbers.numbers(start=block.start, level=place.lists)
        inner = replace(place, lists=place.lists + 1)
        for item in block.items:
            self._mark = number
            self._flow(item, inner)
            self._unmark(inner)

    def _unmark(self, place: _Place) -> None:
        """Give an item that does not begin with text an empty line with its mark."""
        if self._mark is not None:
            self._paragraph(_style(place), place)

    def _paragraph(self, style: str, place: _Place) -> DocxParagraph:
        made = OxmlElement("w:p")
        self._end.addprevious(made)
        paragraph = DocxParagraph(made, self._body)
        properties = made.get_or_add_pPr()
        properties.style = style
        if self._mark is not None:
            ListNumbers.apply(properties, self._mark, level=place.lists - 1)
        if depth := place.lists + place.quotes:
            paragraph.paragraph_format.left_indent = depth * _STEP
            if self._mark is not None:
                paragraph.paragraph_format.first_line_indent = -_STEP
        self._mark = None
        return paragraph

    def _table(self, block: Table) -> None:
        rows = [block.header, *block.rows]
        made = CT_Tbl.new_tbl(len(rows), len(block.alignments), TEXT_WIDTH)
        self._end.addprevious(made)
        DocxTable(made, self._body).style = "Table Grid"
        for index, (row, cells) in enumerate(zip(made.tr_lst, rows, strict=True)):
            if index == 0:
                row.get_or_add_trPr().append(element("w:tblHeader"))
            for cell, runs, alignment in zip(row.tc_lst, cells, block.alignments, strict=True):
                paragraph = DocxParagraph(cell.p_lst[0], self._body)
                paragraph._p.get_or_add_pPr().style = TABLE_TEXT  # noqa: SLF001 - by id
                if alignment != "left":
                    paragraph.alignment = _ALIGN[alignment]
                write_runs(paragraph, runs, bold=index == 0)
        # Word joins two tables that have no paragraph between them.
        self._paragraph("Normal", _Place())


def _style(place: _Place) -> str:
    if place.quotes:
        return "Quote"
    return "ListParagraph" if place.lists else "Normal"
