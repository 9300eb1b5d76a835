"""Where something stands, so that another process finds it."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec


class Address(msgspec.Struct, frozen=True):
    """A function or class, by its module and its name there."""

    module: str
    name: str
    """With the classes around it: ``Resizer.resize``."""

    @classmethod
    def of(cls, found: Any) -> Address:
        """Where ``found`` says that it stands."""
        return cls(found.__module__, found.__qualname__)

    def find(self) -> Any:
        """What stands there.

        Raises:
            ImportError: there is no such module, or it cannot be imported.
            AttributeError: it has no such name.
        """
        found: Any = importlib.import_module(self.module)
        for name in self.name.split("."):
            found = getattr(found, name)
        return found

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"
