"""Reads ``penstock.toml``: what the variables say, in a form for people."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from penstock.settings import toml_lines
from penstock.settings.errors import SettingsError
from penstock.settings.given import Key, Said

FILE_NAME = "penstock.toml"
OWN = "penstock"
PLUGINS = "plugins"
_TABLES = (OWN, PLUGINS, "queues", "providers", "tasks")


def read(
    file: Path, *, own: Collection[str], lists: Collection[str], plugins: Collection[str]
) -> dict[Key, Said]:
    """What ``file`` says, by key: ``("queues", "ai", "concurrency")``.

    Values become the texts that one would write into the variables, and are read like those.

    Args:
        file: where it is.
        own: the keys of Penstock's own settings.
        lists: those of them that take names, which may stand in a list.
        plugins: the names of installed plugins.

    Raises:
        SettingsError: it cannot be read, is no TOML, or names a table, an own setting or a plugin
            that there is not. What it says of plugins, queues, providers and task types is checked
            where those are known.
    """
    try:
        content = file.read_text(encoding="utf-8")
        document = tomllib.loads(content)
    except OSError as error:
        raise SettingsError(
            f"cannot read {file}: {error.strerror}; it is to be a file that this process may read"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read {file}: {error}; it is to be TOML, in UTF-8") from None
    lines = toml_lines.numbers(content)
    return dict(_Reader(file, lines, own=own, lists=lists, plugins=plugins).read(document))


class _Reader:
    def __init__(
        self,
        file: Path,
        lines: Mapping[Key, int],
        *,
        own: Collection[str],
        lists: Collection[str],
        plugins: Collection[str],
    ) -> None:
        self._file = file
        self._lines = lines
        self._own = own
        self._lists = lists
        self._plugins = plugins

    def read(self, document: Mapping[str, Any]) -> Iterator[tuple[Key, Said]]:
        for name, table in document.items():
            if name not in _TABLES:
                raise self._unknown((name,), "table", _TABLES)
            if not isinstance(table, dict):
                raise self._refused((name,), table, f"a table, like [{name}]")
            if name == OWN:
                yield from self._settings((name,), table)
                continue
            for each, settings in table.items():
                key = (name, each)
                if name == PLUGINS and each not in self._plugins:
                    raise self._unknown(key, "plugin", self._plugins)
                if not isinstance(settings, dict):
                    raise self._refused(key, settings, f"a table, like [{name}.{each}]")
                yield from self._settings(key, settings)

    def _settings(self, key: Key, table: Mapping[str, Any]) -> Iterator[tuple[Key, Said]]:
        for name, value in table.items():
            place = (*key, name)
            if key == (OWN,) and name not in self._own:
                raise self._unknown(place, "setting", self._own)
            if text := self._text(place, value):
                yield place, Said(value=text, place=self._place(place), origin="file")

    def _text(self, key: Key, value: object) -> str:
        match value:
            case bool():
                return "true" if value else "false"
            case str() | int() | float():
                return str(value)
            case list() if key[-1] in self._lists and all(isinstance(x, str) for x in value):
                return ",".join(value)
            case dict() if key[0] == "tasks":
                quoted = toml_lines.written(("tasks", ".".join(key[1:])))
                raise self._refused(key, "a table", f"a value; write the name as in [{quoted}]")
            case dict() if not any(isinstance(each, dict | list) for each in value.values()):
                return ",".join(f"{name}={each}" for name, each in value.items()) or "none"
        wanted = "a text, a number, true, false or a table of numbers"
        raise self._refused(key, value, wanted)

    def _place(self, key: Key) -> str:
        line = self._lines.get(key)
        where = f"line {line} of " if line else "in "
        return f"{toml_lines.written(key)} ({where}{self._file})"

    def _unknown(self, key: Key, what: str, known: Collection[str]) -> SettingsError:
        near = get_close_matches(key[-1], known, n=1)
        listed = ", ".join(sorted(known)) or "none"
        remedy = f"did you mean {near[0]!r}?" if near else f"the {what}s are {listed}"
        return SettingsError(f"there is no {what} {self._place(key)}; {remedy}")

    def _refused(self, key: Key, value: object, wanted: str) -> SettingsError:
        got = value if value == "a table" else f"a {type(value).__name__}"
        return SettingsError(f"expected {self._place(key)} to be {wanted}, got {got}")
