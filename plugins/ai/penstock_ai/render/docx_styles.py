"""The few styles that python-docx's template lacks."""

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor

CODE_BLOCK = "CodeBlock"
CODE_TEXT = "CodeText"
LINK = "Hyperlink"
RULE = "Rule"
TABLE_TEXT = "TableText"

PAGE_WIDTH, PAGE_HEIGHT = Cm(21), Cm(29.7)
MARGIN = Cm(2.5)
TEXT_WIDTH = Cm(16)


def add_styles(document: Document, *, language: str) -> None:
    """Add the styles named above, and set the text's language."""
    styles = document.styles
    block = styles.add_style(CODE_BLOCK, WD_STYLE_TYPE.PARAGRAPH)
    block.base_style = styles["Normal"]
    block.font.name = "Consolas"
    block.font.size = Pt(9.5)
    shade = element("w:shd", val="clear", color="auto", fill="F3F4F6")
    block.element.get_or_add_pPr().append(shade)

    cell = styles.add_style(TABLE_TEXT, WD_STYLE_TYPE.PARAGRAPH)
    cell.base_style = styles["Normal"]
    cell.paragraph_format.space_after = Pt(0)

    text = styles.add_style(CODE_TEXT, WD_STYLE_TYPE.CHARACTER)
    text.font.name = "Consolas"
    text.font.size = Pt(9.5)

    link = styles.add_style(LINK, WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb = RGBColor(0x0B, 0x57, 0xA4)
    link.font.underline = True

    rule = styles.add_style(RULE, WD_STYLE_TYPE.PARAGRAPH)
    rule.base_style = styles["Normal"]
    borders = element("w:pBdr")
    borders.append(element("w:bottom", val="single", sz="6", space="1", color="BFBFBF"))
    rule.element.get_or_add_pPr().append(borders)

    for default in styles.element.iterfind(f"{qn('w:docDefaults')}//{qn('w:lang')}"):
        default.set(qn("w:val"), language)


def element(tag: str, **attributes: str) -> BaseOxmlElement:
    """An element of WordprocessingML, its attributes in the same namespace."""
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made
