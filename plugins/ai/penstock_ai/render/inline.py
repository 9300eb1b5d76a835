"""Inline Markdown tokens to runs of text."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import msgspec
from markdown_it.token import Token

from penstock_ai.render.blocks import Run

_SCHEMES = frozenset({"http", "https", "mailto"})
_MAX_ADDRESS = 2000


def runs(tokens: Iterable[Token]) -> Iterator[Run]:
    """Flatten nested styles: each run carries all that apply to it.

    An image becomes its alternative text; a link that leads elsewhere than to the web or a mailbox
    becomes plain text. Neighbours in the same style become one run.
    """
    pending: Run | None = None
    for run in _pieces(tokens):
        if pending is None:
            pending = run
        elif "\n" not in (pending.text, run.text) and _style(pending) == _style(run):
            pending = msgspec.structs.replace(pending, text=pending.text + run.text)
        else:
            yield pending
            pending = run
    if pending is not None:
        yield pending


def _style(run: Run) -> tuple[object, ...]:
    return run.bold, run.italic, run.strike, run.code, run.href


def _pieces(tokens: Iterable[Token]) -> Iterator[Run]:
    depth = {"strong": 0, "em": 0, "s": 0}
    href: str | None = None
    for token in tokens:
        text = ""
        match token.type:
            case "strong_open" | "strong_close" | "em_open" | "em_close" | "s_open" | "s_close":
                depth[token.tag] += token.nesting
            case "link_open":
                href = _address(str(token.attrs.get("href", "")))
            case "link_close":
                href = None
            case "softbreak":
                text = " "
            case "hardbreak":
                text = "\n"
            case "image":
                text = "".join(run.text for run in runs(token.children or [])).replace("\n", " ")
            case _:
                text = token.content
        if text:
            yield Run(
                text=text,
                bold=depth["strong"] > 0,
                italic=depth["em"] > 0,
                strike=depth["s"] > 0,
                code=token.type == "code_inline",
                href=href,
            )


def _address(href: str) -> str | None:
    try:
        scheme = urlsplit(href).scheme
    except ValueError:
        return None
    return href if scheme in _SCHEMES and len(href) <= _MAX_ADDRESS else None
