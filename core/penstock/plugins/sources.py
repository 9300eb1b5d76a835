"""Plugins that are not installed: in a project's folder, a folder of packages, or a wheel."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any

from penstock.declarations import PenstockError
from penstock.plugins.discovery import ENTRY_POINT_GROUP

_PROJECT = "pyproject.toml"


class NotAPluginError(PenstockError):
    """A path at which there is no plugin; says what was looked for."""


class ProjectDistribution(Distribution):
    """What a project would install, read from its ``pyproject.toml``.

    Raises:
        NotAPluginError: it is not TOML, or has no ``[project]`` with a name.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / _PROJECT
        self._folder = folder
        try:
            project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise NotAPluginError(f"cannot read {file}: {error}") from error
        if not isinstance(project, dict) or not isinstance(project.get("name"), str):
            raise NotAPluginError(f"expected {file} to have a [project] with a name; add it")
        self._project: dict[str, Any] = project

    def read_text(self, filename: str) -> str | None:
        """The metadata as an installer would write them."""
        project = self._project
        if filename == "METADATA":
            # A dynamic version is the build's to find out.
            lines = [f"Name: {project['name']}", f"Version: {project.get('version', '0')}"]
            if "requires-python" in project:
                lines.append(f"Requires-Python: {project['requires-python']}")
            lines += [f"Requires-Dist: {each}" for each in project.get("dependencies", ())]
            return "\n".join(lines)
        if filename == "entry_points.txt":
            points = project.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
            return "\n".join(
                [f"[{ENTRY_POINT_GROUP}]", *(f"{name} = {value}" for name, value in points.items())]
            )
        return None

    def locate_file(self, path: Any) -> Any:
        """Where a file of the project is."""
        return self._folder / path


@contextmanager
def importable(path: Path) -> Iterator[Sequence[EntryPoint]]:
    """The plugins at ``path``, whose modules can be imported for as long as the context lasts.

    Args:
        path: a folder with a ``pyproject.toml``, with its modules in it or in ``src``; a folder of
            installed packages; or a wheel.

    Raises:
        NotAPluginError: there is nothing of the kind, or it declares no entry point of ours.
    """
    found, roots = _read(path)
    sys.path[:0] = roots
    invalidate_caches()
    try:
        yield found
    finally:
        for each in roots:
            sys.path.remove(each)


def _read(path: Path) -> tuple[Sequence[EntryPoint], list[str]]:
    installed: list[Distribution] = []
    roots = [path]
    if (path / _PROJECT).is_file():
        installed = [ProjectDistribution(path)]
        if (path / "src").is_dir():
            roots = [path / "src", path]
    elif path.is_dir() or path.suffix == ".whl":
        installed = list(distributions(path=[str(path)]))
    if not installed:
        raise NotAPluginError(
            f"expected {path} to be a project with a {_PROJECT}, a folder of installed packages or "
            "a wheel, and found none of them"
        )
    found = [
        point for each in installed for point in each.entry_points.select(group=ENTRY_POINT_GROUP)
    ]
    if not found:
        names = ", ".join(str(each.metadata["Name"]) for each in installed)
        raise NotAPluginError(
            f"{path} ({names}) has no entry point of group {ENTRY_POINT_GROUP!r}; add "
            "[project.entry-points.penstock] with a line like acme = 'penstock_acme' to its "
            f"{_PROJECT}"
        )
    return found, [str(each) for each in roots]
