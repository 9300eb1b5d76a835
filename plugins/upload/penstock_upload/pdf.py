"""PDF, by PDFium."""

import re
import threading
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
from penstock_upload.stoppable import Stop, StoppableFile
from penstock_upload.text import EXCERPT
from penstock_upload.thumbnails import LONGEST_SIDE, thumbnail_of

_PDFIUM = threading.Lock()
"""Of the process, as PDFium's state is: no two threads may be in it at once, whatever they read."""

_MAX_CHARACTERS = 5_000_000
_MAX_TITLE = 500
_WAIT = 0.05
# Control characters, and those that no text has: no database or reader takes them all.
_NOISE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def inspect_pdf(
    path: Path, size: int, signature: Signature, settings: UploadSettings, stop: Stop
) -> Finding:
    """Open the pages, take their text to a file beside ``path``, and draw the first.

    Raises:
        PermanentError: ``password_protected``, ``file_damaged``.
        StoppedError: if the work shall stop.
    """
    with StoppableFile(path, stop) as file, decoding(signature.label, stop):
        check_end(file, size, signature)
    with decoding(signature.label, stop), _opened(path, stop) as document:
        with _turn(stop):
            pages = len(document)
            title = _clean(document.get_metadata_value("Title")).strip()[:_MAX_TITLE]
        if not pages:
            raise damaged(signature.label, "it has no pages")
        thumbnail = _draw_first(document, stop)
        text = path.with_name("text.txt")
        taken = _take_text(document, min(pages, settings.max_pdf_pages), text, stop)
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
def _turn(stop: Stop) -> Iterator[None]:
    """Wait for PDFium. A page is one turn, so that a long document lets a short one pass."""
    while not _PDFIUM.acquire(timeout=_WAIT):
        stop.check()
    try:
        stop.check()
        yield
    finally:
        _PDFIUM.release()


@contextmanager
def _opened(path: Path, stop: Stop) -> Iterator[Any]:
    with _turn(stop):
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
    try:
        yield document
    finally:
        with _PDFIUM:
            document.close()


def _take_text(document: Any, pages: int, to: Path, stop: Stop) -> tuple[int, str, bool]:
    """Write the text of the first pages; returns its length, its start, and if it is complete."""
    characters = 0
    excerpt = ""
    with to.open("w", encoding="utf-8") as file:
        for number in range(pages):
            with (
                _turn(stop),
                closing(document[number]) as page,
                closing(page.get_textpage()) as text,
            ):
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


def _draw_first(document: Any, stop: Stop) -> Thumbnail:
    with _turn(stop), closing(document[0]) as page:
        width, height = page.get_size()
        scale = LONGEST_SIDE / max(width, height, 1)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        with closing(pypdfium2.PdfBitmap.new_native(*size, raw.FPDFBitmap_BGR)) as bitmap:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
            _render(page, bitmap, size, stop)
            image: Image.Image = bitmap.to_pil().copy()
    return thumbnail_of(image)


def _render(page: Any, bitmap: Any, size: tuple[int, int], stop: Stop) -> None:
    """Draw in steps: PDFium asks after each hundred objects or so if it shall pause."""
    pause_type = dict(raw.IFSDK_PAUSE._fields_)["NeedToPauseNow"]
    pause = raw.IFSDK_PAUSE(version=1, NeedToPauseNow=pause_type(lambda _: stop.wanted))
    try:
        status = raw.FPDF_RenderPageBitmap_Start(
            bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT, pause
        )
        stop.check()
    finally:
        raw.FPDF_RenderPage_Close(page)
    if status != raw.FPDF_RENDER_DONE:
        raise damaged("PDF", "its first page cannot be drawn")


def _clean(text: str) -> str:
    return _NOISE.sub("", text)
