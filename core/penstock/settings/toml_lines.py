"""Where in a TOML file each key stands: :mod:`tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib

_PART = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_PATH = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\s*({_PATH})\s*\]\s*(?:#.*)?")
_ENTRY = re.compile(rf"\s*({_PATH})\s*=")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def numbers(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and of each entry, from 1.

    A line within a text of several lines may be taken for an entry: good enough for an error.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _path(header[1])
            found.setdefault(table, number)
        elif entry := _ENTRY.match(line):
            found.setdefault((*table, *_path(entry[1])), number)
    return found


def written(key: tuple[str, ...]) -> str:
    """The key as one would write it: ``tasks."ai.text".timeout``."""
    return ".".join(each if _BARE.fullmatch(each) else f'"{each}"' for each in key)


def _path(dotted: str) -> tuple[str, ...]:
    found: list[str] = []
    try:
        value = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted,)
    while isinstance(value, dict):
        (name,) = value
        found.append(name)
        value = value[name]
    return tuple(found)
