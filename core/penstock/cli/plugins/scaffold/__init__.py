"""A new plugin's package, made from one that works, which is called ``seedling``.

``package/`` is what all have, ``task/`` and ``provider/`` are the rest of one kind. Making one is
to copy the files, and to put other names in the place of that one: there is no language of
templates, and what stands here is linted as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_STEM = "seedling"
# What Python or a tool may have left beside the files.
_LEFT_OVER = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_BOUNDS = ">=0,<1"


@dataclass(frozen=True)
class Names:
    """The forms of a plugin's name ``my-tool``."""

    plugin: str

    @property
    def distribution(self) -> str:
        """``penstock-my-tool``."""
        return f"penstock-{self.plugin}"

    @property
    def module(self) -> str:
        """``penstock_my_tool``."""
        return self.distribution.replace("-", "_")

    def put_into(self, text: str) -> str:
        """``text`` of the package ``seedling``, about this one."""
        words = self.plugin.split("-")
        for stem, name in (
            (f"penstock_{_STEM}", self.module),
            (f"test_{_STEM}", f"test_{'_'.join(words)}"),
            (_STEM.upper(), "_".join(words).upper()),
            (_STEM.title(), "".join(word.title() for word in words)),
            (_STEM, self.plugin),
        ):
            text = text.replace(stem, name)
        return text


def bounds(version: str) -> str:
    """The releases of Penstock that a plugin which was made with ``version`` fits.

    >>> bounds("0.3.1"), bounds("2.4.0rc1")
    ('>=0.3,<0.4', '>=2.4,<3')
    """
    major, minor = map(int, re.findall(r"\d+", version)[:2])
    return f">=0.{minor},<0.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def write(
    names: Names, folder: Path, *, penstock: str, kinds: Sequence[str] = ("package", "task")
) -> None:
    """Write the package into ``folder``, which must not exist.

    Args:
        names: what it is called.
        folder: where it goes; folders above it are made too.
        penstock: the version that is installed.
        kinds: the folders beside this module whose files make it up.

    Raises:
        FileExistsError: the folder is there already.
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True)
    here = files(__package__)
    contents: dict[str, str] = {}
    for kind in kinds:
        contents |= dict(_texts(here / kind))
    for path, text in contents.items():
        file = folder / names.put_into(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(names.put_into(text).replace(_BOUNDS, bounds(penstock)), encoding="utf-8")


def _texts(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """The paths and texts of all files below ``folder``."""
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.name in _LEFT_OVER:
            continue
        if each.is_dir():
            yield from _texts(each, f"{above}{each.name}/")
        else:
            yield f"{above}{each.name}", each.read_text(encoding="utf-8")
