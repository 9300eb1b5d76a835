"""Blocks to a DOCX file, by python-docx."""

from io import BytesIO

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from penstock_ai.render.docx_blocks import BlockWriter
from penstock_ai.render.docx_styles import MARGIN, PAGE_HEIGHT, PAGE_WIDTH, add_styles
from penstock_ai.render.renderer import Page, Rendered

_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class DocxRenderer:
    """A4 with real headings, lists and tables, and page numbers in the footer."""

    def render(self, page: Page) -> Rendered:
        """Render one page description; the reader's program counts the pages."""
        document = Document()
        _set_properties(document, page)
        _set_page(document, page)
        add_styles(document, language=page.language)
        BlockWriter(document).write(page.blocks)
        file = BytesIO()
        document.save(file)
        return Rendered(data=file.getvalue(), content_type=_CONTENT_TYPE, title=page.title)


def _set_properties(document: DocxDocument, page: Page) -> None:
    properties = document.core_properties
    properties.title = page.title
    properties.language = page.language
    # python-docx's own template names itself here.
    properties.author = ""
    properties.comments = ""


def _set_page(document: DocxDocument, page: Page) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = PAGE_WIDTH, PAGE_HEIGHT
    section.left_margin = section.right_margin = MARGIN
    section.top_margin = section.bottom_margin = MARGIN
    if page.header:
        section.header.paragraphs[0].text = page.header
    number = OxmlElement("w:fldSimple")
    number.set(qn("w:instr"), "PAGE")
    footer = section.footer.paragraphs[0]
    footer.alignment = 1  # centred
    footer._p.append(number)  # noqa: SLF001 - python-docx has no fields
