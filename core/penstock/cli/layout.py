"""Text for people at any width: lines are broken between words, never names, which are copied."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from penstock.cli.messages import people

_WIDEST_VALUE = 30


class Row(NamedTuple):
    """Something that is set: its name, its value, who says so, and over what else that counts."""

    name: str
    value: str
    who: str
    over: str = ""


def show(line: Text | str) -> None:
    """Print a line as it is; one that is longer than the terminal is the terminal's to break."""
    people().print(line, soft_wrap=True)


def show_rows(rows: Sequence[Row], *, indent: int = 0) -> None:
    """Print rows below each other; who says so stands below where it has no room beside it."""
    width = people().width
    names = max((len(each.name) for each in rows), default=0)
    values = min(max((len(each.value) for each in rows), default=0), _WIDEST_VALUE)
    for each in rows:
        said = f"{'':{indent}}{each.name:<{names}}  {each.value}"
        beside = f"{'':{indent + names + 2}}{each.value:<{values}}  {each.who}"
        if len(beside) <= width:
            show(Text.assemble(f"{said:<{indent + names + values + 2}}  ", (each.who, "dim")))
        else:
            show(said)
            _show_below("by ", each.who, indent=indent, width=width)
        if each.over:
            _show_below("over ", each.over, indent=indent, width=width)


def show_names(kind: str, names: Sequence[str], *, indent: int, room: int) -> None:
    """Print names behind what they are, with commas in between; nothing if there are none."""
    if names:
        first = f"{'':{indent}}{kind:<{room}}  "
        show(_filled(", ".join(names), first, people().width))


def _show_below(word: str, text: str, *, indent: int, width: int) -> None:
    show(Text(_filled(text, f"{'':{indent + 4}}{word}", width), style="dim"))


def _filled(text: str, first: str, width: int) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
