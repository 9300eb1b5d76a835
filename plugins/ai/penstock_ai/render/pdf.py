"""Blocks to a PDF, by typst.

The typst program is a file of this package; the text reaches it as JSON data, so it cannot become
code. The program's root is a temporary folder with nothing in it but these two files.
"""

import re
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import typst

from penstock import PermanentError
from penstock_ai.render.renderer import Page, Rendered

_NOT_ARCHIVAL = "PDF/A-2u error: "
_LONG_WORD = re.compile(r"\S{30,}")
_PIECE = re.compile(r".{1,4}[\u0300-\u036f]*")
_CODE_PIECE = re.compile(r".{1,16}[\u0300-\u036f]*")
"""Coarser: typst lays a block of code out as one paragraph, in more than linear time."""
_BREAK = "\ufdd0"
"""Not a character of any text: parsing replaces it."""


class PdfRenderer:
    """A4 with page numbers, bookmarks and tags; PDF/A-2u, unless a character prevents it."""

    def render(self, page: Page) -> Rendered:
        """Render one page description to as many pages as it takes."""
        with TemporaryDirectory(prefix="penstock-ai-") as folder:
            root = Path(folder)
            program = root / "page.typ"
            source = files("penstock_ai.render") / "layouts" / "page.typ"
            program.write_bytes(source.read_bytes())
            (root / "page.json").write_bytes(
                msgspec.json.encode(_breakable(msgspec.to_builtins(page)))
            )
            compiler = typst.Compiler(program, root=root, ignore_system_fonts=True)
            data, warnings = _compile(compiler)
            pages = int(compiler.query("<pages>", field="value", one=True))
        return Rendered(
            data=data,
            content_type="application/pdf",
            title=page.title,
            pages=pages,
            warnings=tuple(warnings),
        )


def _compile(compiler: typst.Compiler) -> tuple[bytes, list[str]]:
    """Try the archival standard first: it refuses characters that would be drawn as boxes.

    The second try reuses the first one's layout, so it costs an export and not a compilation.
    """
    try:
        return _bytes(compiler.compile(format="pdf", pdf_standards="a-2u")), []
    except typst.TypstError as error:
        if not error.message.startswith(_NOT_ARCHIVAL):
            message = f"typst cannot lay this document out: {error.message}; simplify or split it"
            raise PermanentError(message, code="too_complex") from error
        reason = error.message.removeprefix(_NOT_ARCHIVAL).replace("`", "")
    warning = (
        f"this PDF is not fit for archives (PDF/A), and may show boxes: {reason}; "
        "'docx' and 'html' use the reader's fonts"
    )
    return _bytes(compiler.compile(format="pdf")), [warning]


def _breakable(value: Any) -> Any:
    """The document with break marks in every word that might be longer than a line."""
    match value:
        case {"text": str(text)}:
            piece = _CODE_PIECE if value.get("kind") == "code" else _PIECE
            return {**value, "text": _LONG_WORD.sub(lambda word: _split(word[0], piece), text)}
        case dict():
            return {key: _breakable(each) for key, each in value.items()}
        case list():
            return [_breakable(each) for each in value]
        case _:
            return value


def _split(word: str, piece: re.Pattern[str]) -> str:
    return _BREAK.join(piece.findall(word))


def _bytes(output: Any) -> bytes:
    return bytes(output)
