"""Runs of text into a DOCX paragraph."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph
from docx.text.run import Run as DocxRun

from penstock_ai.render.blocks import Run
from penstock_ai.render.docx_styles import CODE_TEXT, LINK


def write_runs(paragraph: Paragraph, runs: Iterable[Run], *, bold: bool = False) -> None:
    """Append the runs; ``bold`` makes all of them bold."""
    for href, neighbours in groupby(runs, key=attrgetter("href")):
        parent = paragraph._p if href is None else _hyperlink(paragraph, href)  # noqa: SLF001
        for run in neighbours:
            parent.append(_run(paragraph, run, bold=bold))


def _run(paragraph: Paragraph, run: Run, *, bold: bool) -> BaseOxmlElement:
    made = OxmlElement("w:r")
    styled = DocxRun(made, paragraph)
    if run.code or run.href:
        made.style = CODE_TEXT if run.code else LINK  # by id: ten times faster than by name
    if run.bold or bold:
        styled.bold = True
    if run.italic:
        styled.italic = True
    if run.strike:
        styled.font.strike = True
    # Makes a w:br of a newline.
    styled.text = run.text
    return made


def _hyperlink(paragraph: Paragraph, href: str) -> BaseOxmlElement:
    # python-docx reads hyperlinks, but cannot write them.
    target = paragraph.part.relate_to(href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), target)
    paragraph._p.append(link)  # noqa: SLF001
    return link
