"""Reads ``penstock.toml``: what the variables say, in a form for people."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from penstock.near_names import did_you_mean
from penstock.settings import toml_lines
from penstock.settings.errors import SettingsError
from penstock.settings.given import Key, Said

FILE_NAME = "penstock.toml"
OWN = "penstock"
PLUGINS = "plugins"
_QUEUES, _TASKS = "queues", "tasks"
_TABLES = (OWN, PLUGINS, _QUEUES, "providers", _TASKS)
# The one value that is a table: of users and their shares.
_WEIGHTS = "user_weights"


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
                raise self._refused((name,), _kind(table), f"a table, like [{name}]")
            if name == OWN:
                yield from self._settings((name,), table)
                continue
            for each, settings in table.items():
                key = (name, each)
                if name == PLUGINS and each not in self._plugins:
                    raise self._unknown(key, "plugin", self._plugins)
                if not isinstance(settings, dict):
                    raise self._refused(key, _kind(settings), f"a table, like [{name}.{each}]")
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
            case [] if self._is_list(key):
                # Of those to load, it would have to mean none: the opposite of leaving it out.
                wanted = "a list with a name in it; leave it out if there is none to name"
                raise self._refused(key, "an empty list", wanted)
            case list() if self._is_list(key) and all(isinstance(each, str) for each in value):
                return ",".join(value)
            case dict() if key[0] == _TASKS:
                quoted = toml_lines.written((_TASKS, ".".join(key[1:])))
                raise self._refused(key, "a table", f"a value; write the name as in [{quoted}]")
            case dict() if (key[0], key[-1]) == (_QUEUES, _WEIGHTS):
                if all(isinstance(each, int | float) for each in value.values()):
                    return ",".join(f"{name}={each}" for name, each in value.items()) or "none"
                raise self._refused(key, "a table of others", "a table of users and numbers")
        raise self._refused(key, _kind(value), "a text, a number, true or false")

    def _is_list(self, key: Key) -> bool:
        return key[0] == OWN and key[-1] in self._lists

    def _place(self, key: Key) -> str:
        line = self._lines.get(key)
        where = f"line {line} of " if line else "in "
        return f"{toml_lines.written(key)} ({where}{self._file})"

    def _unknown(self, key: Key, what: str, known: Collection[str]) -> SettingsError:
        listed = ", ".join(sorted(known)) or "none"
        remedy = did_you_mean(key[-1], known) or f"the {what}s are {listed}"
        return SettingsError(f"there is no {what} {self._place(key)}; {remedy}")

    def _refused(self, key: Key, got: str, wanted: str) -> SettingsError:
        return SettingsError(f"expected {self._place(key)} to be {wanted}, got {got}")


def _kind(value: object) -> str:
    return "a table" if isinstance(value, dict) else f"a {type(value).__name__}"
