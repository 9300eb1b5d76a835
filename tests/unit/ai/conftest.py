"""What the ai tests read files with: other libraries than those that wrote them."""

from collections.abc import Callable
from io import BytesIO

import docx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from docx.document import Document as DocxDocument

from penstock_ai.render import render


@pytest.fixture
def pdf_text() -> Callable[[bytes], str]:
    """The text of all pages, one line per line."""

    def read(data: bytes) -> str:
        pdf = pypdfium2.PdfDocument(data)
        try:
            texts = []
            for page in pdf:
                text_page = page.get_textpage()
                texts.append(text_page.get_text_range().replace("\r\n", "\n"))
                text_page.close()
                page.close()
            return "\n".join(texts)
        finally:
            pdf.close()

    return read


@pytest.fixture
def docx_of() -> Callable[..., DocxDocument]:
    """A Markdown text, rendered to DOCX and opened again."""

    def write(markdown: str, **options: str) -> DocxDocument:
        return docx.Document(BytesIO(render(markdown, to="docx", **options).data))

    return write


@pytest.fixture
def html_of() -> Callable[..., str]:
    """A Markdown text, rendered to HTML."""

    def write(markdown: str, **options: str) -> str:
        return render(markdown, to="html", **options).data.decode()

    return write
