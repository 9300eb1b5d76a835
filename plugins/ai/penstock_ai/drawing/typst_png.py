"""One page of typst to a PNG of an exact size.

As in :mod:`penstock_ai.render.pdf`, the program is a file of this package, and text reaches it as
JSON data only, so it cannot become code.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import typst

_PIXELS_PER_INCH = 72.0
"""As many as typst's points, so that a point is a pixel."""
_NOT_ARCHIVAL = "PDF/A-2u error: "
_CRAMPED = "the text has too little room to be read well; shorten it, or make the picture larger"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A finished picture, a PNG."""

    data: bytes
    width: int
    height: int
    warnings: tuple[str, ...] = ()
    """What of the text the picture cannot show."""


def draw(layout: str, content: Any, *, width: int, height: int) -> Drawing:
    """Draw ``content`` by the program ``layouts/{layout}.typ``, ``width`` by ``height`` pixels."""
    with TemporaryDirectory(prefix="penstock-ai-") as folder:
        root = Path(folder)
        program = root / "picture.typ"
        program.write_bytes((files(__package__) / "layouts" / f"{layout}.typ").read_bytes())
        (root / "picture.json").write_bytes(
            msgspec.json.encode({"width": width, "height": height, "content": content})
        )
        compiler = typst.Compiler(program, root=root, ignore_system_fonts=True)
        data: Any = compiler.compile(format="png", ppi=_PIXELS_PER_INCH)
        warnings = _not_shown(compiler)
        if compiler.query("<cramped>", field="value", one=True) == "true":
            warnings += (_CRAMPED,)
        return Drawing(data=bytes(data), width=width, height=height, warnings=warnings)


def _not_shown(compiler: typst.Compiler) -> tuple[str, ...]:
    """The archival standard for PDF refuses characters that have no glyph; PNG draws boxes."""
    try:
        compiler.compile(format="pdf", pdf_standards="a-2u")
    except typst.TypstError as error:
        reason = error.message.removeprefix(_NOT_ARCHIVAL).replace("`", "")
        warning = (
            f"this picture may show boxes: {reason}; the fonts have no Chinese, Japanese, Korean "
            "or emoji"
        )
        return (warning,)
    return ()
