"""Which of the installed plugins an operator wants, told before any of their code is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from packaging.utils import canonicalize_name

BUILT_IN = {"ai": "penstock-ai", "upload": "penstock-upload", "video": "penstock-video"}
"""The plugins that belong to Penstock, and the distributions that they come in."""


def distribution_name(entry_point: EntryPoint) -> str:
    """Of the distribution that an entry point is part of; what it points to if there is none."""
    distribution = entry_point.dist
    # Without a name in its metadata, some versions of Python return None.
    name: str | None = distribution.metadata["Name"] if distribution else None
    return name or entry_point.value


def distribution_version(entry_point: EntryPoint) -> str:
    """Of the same distribution."""
    distribution = entry_point.dist
    version: str | None = distribution.metadata["Version"] if distribution else None
    return version or "unknown"


def is_built_in(entry_point: EntryPoint) -> bool:
    """Whether it is one of Penstock's own plugins."""
    owner = BUILT_IN.get(entry_point.name)
    return owner is not None and canonicalize_name(distribution_name(entry_point)) == owner


def names(entry_point: EntryPoint) -> set[str]:
    """By which an operator can name a plugin: its own, and that of its distribution."""
    return {entry_point.name, canonicalize_name(distribution_name(entry_point))}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an operator says of plugins, by their names or those of their distributions.

    Attributes:
        only: the only ones to load; ``None`` is all.
        disabled: those not to load.
        safe_mode: whether to load nothing but what is built in.
    """

    only: Collection[str] | None = None
    disabled: Collection[str] = ()
    safe_mode: bool = False

    def refusal(self, entry_point: EntryPoint) -> str | None:
        """Why a plugin is not to be loaded; ``None`` if it is."""
        if self.safe_mode and not is_built_in(entry_point):
            return "safe mode loads only the built-in plugins"
        if names(entry_point) & set(self.disabled):
            return "PENSTOCK_PLUGINS_DISABLED names it"
        if self.only is not None and not names(entry_point) & set(self.only):
            return "PENSTOCK_PLUGINS does not name it"
        return None


def plugins_of(name: str, candidates: Iterable[EntryPoint]) -> list[str]:
    """The names of the plugins in distribution ``name``, which is what people know them by."""
    wanted = canonicalize_name(name)
    return [
        each.name for each in candidates if canonicalize_name(distribution_name(each)) == wanted
    ]


EVERYTHING = Selection()
