"""The Markdown of the repository, as its readers get it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "plugins/*/*.md", "examples/**/*.md", "core/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line that it begins at, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    for token in _tokens(page):
        if token.type == "fence":
            assert token.map
            yield Block(name_of(page), token.map[0] + 1, token.info.strip(), token.content)


def code_spans(page: Path) -> Iterator[str]:
    """What stands between backticks within the text."""
    yield from (each.content for each in _inline(page) if each.type == "code_inline")


def links(page: Path) -> Iterator[str]:
    for each in _inline(page):
        if each.type in {"link_open", "image"}:
            yield str(each.attrs.get("href") or each.attrs.get("src"))


def anchors(page: Path) -> set[str]:
    """The anchors that a code host, and the site, make of the headings."""
    tokens = _tokens(page)
    titles = [tokens[i + 1].content for i, each in enumerate(tokens) if each.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


def _inline(page: Path) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or ()
