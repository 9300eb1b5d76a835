"""Markdown to blocks, by markdown-it-py (CommonMark, tables, strikethrough).

Both passes over the tokens are flat loops: a text nested a thousand times deep is refused by a
count, not by Python's recursion limit.
"""

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from penstock import PermanentError
from penstock_ai.render.blocks import (
    Alignment,
    Block,
    Code,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
)
from penstock_ai.render.inline import runs

MAX_NESTING = 16
"""Lists and quotes inside of each other: the PDF renderer's own limit is a little above."""
MAX_COLUMNS = 40
"""Of a table: laying out one page-wide table with thousands of columns takes minutes."""
MAX_PARAGRAPH = 20_000
"""Characters in one paragraph, heading, cell or line of code: the time to parse and lay out some
texts grows with the square of its length. This is about eight pages without a paragraph's end."""

_TABLE_PARTS = frozenset({"table_open", "tr_open", "th_open", "td_open"})

# What neither XML (so DOCX) nor HTML can hold, and lone surrogates, which are not text at all.
_NOT_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def clean(text: str) -> str:
    """The text with what no format can hold replaced by U+FFFD, and without byte order marks."""
    return _NOT_TEXT.sub("\ufffd", text.replace("\ufeff", ""))


def parse(source: str) -> list[Block]:
    """The blocks of a Markdown text; none for an empty one.

    Raises:
        PermanentError: code ``too_complex``, above :data:`MAX_NESTING`, :data:`MAX_COLUMNS` or
            :data:`MAX_PARAGRAPH`.
    """
    # Nesting above maxNesting is dropped in silence, so ours must be met first (a list counts two).
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 4 * MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    # After the block structure is known, before the costly look inside of each paragraph.
    parser.core.ruler.before("inline", "limits", _check_paragraphs)
    builder = _Builder()
    for token in parser.parse(clean(source)):
        builder.add(token)
    return builder.blocks


class _Builder:
    """Turns the flat tokens into nested blocks; ``_open`` is the way down to the current one."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._open: list[list[Block]] = [self.blocks]
        self._lists: list[ListBlock] = []
        self._table = Table([], [], [])

    def add(self, token: Token) -> None:
        if token.type in _TABLE_PARTS:
            self._add_table_part(token)
        elif token.type.startswith(("blockquote_", "bullet_list_", "ordered_list_", "list_item_")):
            self._add_container(token)
        else:
            self._add_leaf(token)

    def _add_leaf(self, token: Token) -> None:
        here = self._open[-1]
        match token.type:
            case "heading_open":
                here.append(Heading(int(token.tag[1:]), []))
            case "paragraph_open":
                here.append(Paragraph([]))
                if self._lists and here is self._lists[-1].items[-1] and not token.hidden:
                    self._loosen()
            case "inline":
                self._text(token.children or [])
            case "fence" | "code_block":
                lines = token.content.rstrip("\n").split("\n")
                _check(max(map(len, lines)), MAX_PARAGRAPH, "characters in a line of code")
                here.append(Code("\n".join(lines)))
            case "hr":
                here.append(Rule())

    def _add_container(self, token: Token) -> None:
        here = self._open[-1]
        match token.type:
            case "blockquote_open":
                quote = Quote([])
                here.append(quote)
                self._descend(quote.blocks)
            case "bullet_list_open" | "ordered_list_open":
                numbered = token.type == "ordered_list_open"
                start = int(token.attrs.get("start", 1)) if numbered else None
                self._lists.append(ListBlock(start, tight=True, items=[]))
                here.append(self._lists[-1])
            case "list_item_open":
                self._lists[-1].items.append([])
                self._descend(self._lists[-1].items[-1])
            case "list_item_close" | "blockquote_close":
                self._open.pop()
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()

    def _add_table_part(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self._table = Table([], [], [])
                self._open[-1].append(self._table)
            case "tr_open" if self._table.header:
                self._table.rows.append([])
            case "th_open":
                self._table.alignments.append(_alignment(token))
                self._table.header.append([])
                _check(len(self._table.header), MAX_COLUMNS, "columns in a table")
            case "td_open":
                self._table.rows[-1].append([])

    def _text(self, children: Iterable[Token]) -> None:
        match self._open[-1][-1]:
            case Heading() | Paragraph() as block:
                block.runs.extend(runs(children))
            case Table() as table:
                row = table.rows[-1] if table.rows else table.header
                row[-1].extend(runs(children))

    def _descend(self, blocks: list[Block]) -> None:
        self._open.append(blocks)
        _check(len(self._open) - 1, MAX_NESTING, "lists and quotes inside of each other")

    def _loosen(self) -> None:
        """Put a loose copy, with the same items, in the place of the innermost list."""
        tight = self._lists.pop()
        loose = ListBlock(tight.start, tight=False, items=tight.items)
        self._lists.append(loose)
        self._open[-2][-1] = loose


def _alignment(token: Token) -> Alignment:
    match str(token.attrs.get("style", "")).removeprefix("text-align:"):
        case "right":
            return "right"
        case "center":
            return "center"
        case _:
            return "left"


def _check_paragraphs(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            _check(len(token.content), MAX_PARAGRAPH, "characters in a paragraph")


def _check(got: int, most: int, what: str) -> None:
    if got > most:
        message = f"expected at most {most:,} {what}, got more; split the document"
        raise PermanentError(message, code="too_complex")
