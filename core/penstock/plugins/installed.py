"""What plugins may know of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from penstock.declarations import DeclarationError, Installed, Provider

P = TypeVar("P", bound=Provider)
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class InstalledPlugins(Installed):
    """:class:`~penstock.declarations.Installed` of a catalogue."""

    settings_of: Mapping[type[Any], Any] = field(default_factory=dict)
    provider_list: Sequence[Provider] = ()

    def settings(self, kind: type[S]) -> S:
        """See :meth:`penstock.declarations.Installed.settings`."""
        try:
            found: S = self.settings_of[kind]
        except KeyError:
            message = (
                f"no loaded plugin declares settings of type {kind.__qualname__}; return it from "
                "the hook penstock_settings"
            )
            raise DeclarationError(message) from None
        return found

    def providers(self, kind: type[P]) -> Sequence[P]:
        """See :meth:`penstock.declarations.Installed.providers`."""
        return [each for each in self.provider_list if isinstance(each, kind)]
