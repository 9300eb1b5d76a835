"""The ways in which a plugin can be broken, and what is said of each: ``broken_plugins.toml``."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.unit.plugins.installing import Package

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A row of the table, which says what each field means."""

    name: str
    what: str
    value: str
    remedy: str
    module: str = ""
    point: str = ""
    requires: Sequence[str] = ("penstock>=0.1",)
    python: str = ">=3.11"

    def package(self) -> Package:
        source = (_FOLDER / "broken" / f"{self.module or self.name}.py").read_text()
        return Package(
            name=self.name,
            source=source,
            point=self.point,
            requires=self.requires,
            python=self.python,
        )


_TABLE = tomllib.loads((_FOLDER / "broken_plugins.toml").read_text())
BROKEN = {name: Broken(name=name, **row) for name, row in _TABLE.items()}
