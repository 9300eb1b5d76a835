"""The plugin host: hooks, discovery, checks, quarantine, and the catalogue that results."""

from penstock.plugins.catalogue import (
    Catalogue,
    Plugin,
    ProviderNotFoundError,
    QuarantinedPlugin,
    UnknownProviderError,
    UnknownQueueError,
    UnknownTaskTypeError,
)
from penstock.plugins.host import discover, load

__all__ = [
    "Catalogue",
    "Plugin",
    "ProviderNotFoundError",
    "QuarantinedPlugin",
    "UnknownProviderError",
    "UnknownQueueError",
    "UnknownTaskTypeError",
    "discover",
    "load",
]
