"""What every renderer takes, gives and promises."""

from dataclasses import dataclass
from typing import Protocol

from penstock_ai.render.blocks import Block


@dataclass(frozen=True, kw_only=True)
class Page:
    """A parsed document with its metadata."""

    title: str
    """For the file's metadata; never empty."""
    header: str
    """Runs along the top of printed pages; may be empty."""
    language: str
    blocks: list[Block]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished file."""

    data: bytes
    content_type: str
    title: str
    pages: int | None = None
    warnings: tuple[str, ...] = ()
    """What of the text the file cannot show."""


class Renderer(Protocol):
    """Lays a page out in one format.

    Text is data, whatever it looks like: no renderer lets it become code, markup or an address to
    fetch. What a format cannot show is named in ``warnings``, and is never an error.
    """

    def render(self, page: Page) -> Rendered:
        """Render one page."""
        ...
