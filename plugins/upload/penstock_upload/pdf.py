"""PDF, by PDFium."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image
from pypdfium2 import raw

from penstock import PermanentError
from penstock_upload.completeness import check_end
from penstock_upload.description import PdfDetails
from penstock_upload.faults import damaged, decoding
from penstock_upload.finding import Finding, Thumbnail
from penstock_upload.magic import Signature
from penstock_upload.settings import UploadSettings
from penstock_upload.text import EXCERPT
from penstock_upload.thumbnails import LONGEST_SIDE, thumbnail_of

_MAX_CHARACTERS = 5_000_000
_MAX_TITLE = 500
# Control characters, and those that no text has: no database or reader takes them all.
_NOISE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def inspect_pdf(path: Path, size: int, signature: Signature, settings: UploadSettings) -> Finding:
    """Open the pages, take their text to a file beside ``path``, and draw the first.

    Raises:
        PermanentError: ``password_protected``, ``file_damaged``.
    """
    with path.open("rb") as file, decoding(signature.label):
        check_end(file, size, signature)
    with decoding(signature.label), _opened(path) as document:
        pages = len(document)
        title = _clean(document.get_metadata_value("Title")).strip()[:_MAX_TITLE]
        if not pages:
            raise damaged(signature.label, "it has no pages")
        thumbnail = _draw_first(document)
        text = path.with_name("text.txt")
        taken = _take_text(document, min(pages, settings.max_pdf_pages), text)
    characters, excerpt, whole = taken
    return Finding(
        kind="pdf",
        content_type=signature.content_type,
        extension=signature.extension,
        thumbnail=thumbnail,
        text=text if excerpt.strip() else None,
        details=PdfDetails(
            pages=pages,
            title=title or None,
            excerpt=excerpt,
            characters=characters,
            complete=whole and pages <= settings.max_pdf_pages,
        ),
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            message = (
                "expected a PDF that everybody can open, got one with a password; remove the "
                "password first"
            )
            raise PermanentError(message, code="password_protected") from error
        raise
    with closing(document):
        yield document


def _take_text(document: Any, pages: int, to: Path) -> tuple[int, str, bool]:
    """Write the text of the first pages; returns its length, its start, and if it is complete."""
    characters = 0
    excerpt = ""
    with to.open("w", encoding="utf-8") as file:
        for number in range(pages):
            with closing(document[number]) as page, closing(page.get_textpage()) as text:
                there = text.count_chars()
                room = _MAX_CHARACTERS - characters
                piece = text.get_text_range(0, min(there, room)) if there and room else ""
            piece = _clean(piece.replace("\r\n", "\n"))
            if piece and characters:
                piece = "\n\n" + piece
            file.write(piece)
            characters += len(piece)
            excerpt += piece[: EXCERPT - len(excerpt)]
            if there > room:
                return characters, excerpt, False
    return characters, excerpt, True


def _draw_first(document: Any) -> Thumbnail:
    with closing(document[0]) as page:
        width, height = page.get_size()
        scale = LONGEST_SIDE / max(width, height, 1)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        with closing(pypdfium2.PdfBitmap.new_native(*size, raw.FPDFBitmap_BGR)) as bitmap:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
            _render(page, bitmap, size)
            image: Image.Image = bitmap.to_pil().copy()
    return thumbnail_of(image)


def _render(page: Any, bitmap: Any, size: tuple[int, int]) -> None:
    # The function for drawing in steps, with none but the last: it says if it failed.
    pause_type = dict(raw.IFSDK_PAUSE._fields_)["NeedToPauseNow"]
    pause = raw.IFSDK_PAUSE(version=1, NeedToPauseNow=pause_type(lambda _: False))
    try:
        status = raw.FPDF_RenderPageBitmap_Start(
            bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT, pause
        )
    finally:
        raw.FPDF_RenderPage_Close(page)
    if status != raw.FPDF_RENDER_DONE:
        raise damaged("PDF", "its first page cannot be drawn")


def _clean(text: str) -> str:
    return _NOISE.sub("", text)
