"""Rendering: Markdown to blocks, and blocks to a file by one of three renderers.

Pure functions of their input: no network, and no file but a temporary folder of their own.
"""

from typing import Literal

from penstock_ai.render.blocks import Block, Heading, ListBlock, Quote
from penstock_ai.render.docx import DocxRenderer
from penstock_ai.render.html import HtmlRenderer
from penstock_ai.render.markdown import clean, parse
from penstock_ai.render.pdf import PdfRenderer
from penstock_ai.render.renderer import Page, Rendered, Renderer

__all__ = ["Page", "Rendered", "Renderer", "render"]

_MAX_TITLE = 200


def render(
    markdown: str, *, title: str = "", language: str = "en", to: Literal["pdf", "docx", "html"]
) -> Rendered:
    """Render a Markdown text to a file of the given format.

    Args:
        markdown: the text; an empty one gives an empty page.
        title: for metadata and the page header; the first heading if empty.
        language: an ISO 639 code.
        to: the format.

    Raises:
        PermanentError: code ``too_complex``: nested too deeply, or a table with too many columns.
    """
    blocks = parse(markdown)
    header = " ".join(clean(title).split())
    page = Page(
        title=(header or _first_heading(blocks) or "Document")[:_MAX_TITLE],
        header=header,
        language=language,
        blocks=blocks,
    )
    renderers: dict[str, Renderer] = {
        "pdf": PdfRenderer(),
        "docx": DocxRenderer(),
        "html": HtmlRenderer(),
    }
    return renderers[to].render(page)


def _first_heading(blocks: list[Block]) -> str:
    waiting = blocks[::-1]
    while waiting:
        match waiting.pop():
            case Heading(runs=runs):
                return " ".join("".join(run.text for run in runs).split())
            case Quote(blocks=inner):
                waiting.extend(inner[::-1])
            case ListBlock(items=items):
                waiting.extend(block for item in items[::-1] for block in item[::-1])
    return ""
