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

from penstock_ai.render.renderer import Page, Rendered

_LONG_WORD = re.compile(r"\S{30,}")
_PIECE = re.compile(r"(?<=\w{4})(?=\w)|(?<=[^\w\s])(?=\w)|(?<=[^\w\s]{4})(?=[^\w\s])")
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
            (root / "page.json").write_bytes(msgspec.json.encode(_breakable(msgspec.to_builtins(page))))
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
        if not error.message.startswith("PDF/A-2u error"):
            raise
        reason = error.message.removeprefix("PDF/A-2u error: ").replace("`", "")
    warning = (
        f"this PDF is not fit for archives (PDF/A), and may show boxes: {reason}; "
        "'docx' and 'html' use the reader's fonts"
    )
    return _bytes(compiler.compile(format="pdf")), [warning]


def _breakable(value: Any) -> Any:
    """The document with break marks in every word that might be longer than a line."""
    match value:
        case {"text": str(text)}:
            marked = _LONG_WORD.sub(lambda word: _PIECE.sub(_BREAK, word[0]), text)
            return {**value, "text": marked}
        case dict():
            return {key: _breakable(each) for key, each in value.items()}
        case list():
            return [_breakable(each) for each in value]
        case _:
            return value


def _bytes(output: Any) -> bytes:
    return bytes(output)
