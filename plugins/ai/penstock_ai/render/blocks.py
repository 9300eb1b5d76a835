"""A parsed document: blocks that hold runs of text. Every renderer reads this, and nothing else.

::

    Block
    ├── Heading, Paragraph     runs
    ├── Quote, ListBlock       blocks inside
    ├── Code                   plain text
    ├── Table                  rows of cells of runs
    └── Rule
"""

from typing import Literal

import msgspec

Alignment = Literal["left", "center", "right"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text in one style; a newline alone is a line break."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    href: str | None = None
    """Where it links to: an ``http``, ``https`` or ``mailto`` address."""


class Heading(msgspec.Struct, frozen=True, tag_field="kind", tag="heading"):
    """A heading of level 1 to 6."""

    level: int
    runs: list[Run]


class Paragraph(msgspec.Struct, frozen=True, tag_field="kind", tag="paragraph"):
    """Running text."""

    runs: list[Run]


class Code(msgspec.Struct, frozen=True, tag_field="kind", tag="code"):
    """Preformatted text."""

    text: str


class Rule(msgspec.Struct, frozen=True, tag_field="kind", tag="rule"):
    """A horizontal line."""


class Table(msgspec.Struct, frozen=True, tag_field="kind", tag="table"):
    """A table; every row has as many cells as there are alignments."""

    alignments: list[Alignment]
    header: list[list[Run]]
    rows: list[list[list[Run]]]


class Quote(msgspec.Struct, frozen=True, tag_field="kind", tag="quote"):
    """A block quotation."""

    blocks: "list[Block]"


class ListBlock(msgspec.Struct, frozen=True, tag_field="kind", tag="list"):
    """A list of items, each of them blocks; numbered from ``start``, or bulleted if ``None``."""

    start: int | None
    tight: bool
    """No space between its items."""
    items: "list[list[Block]]"


Block = Heading | Paragraph | Code | Rule | Table | Quote | ListBlock
