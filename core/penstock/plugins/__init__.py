"""The plugin host: hooks, discovery, checks, quarantine, and the catalogue that results."""

from penstock.plugins.catalogue import (
    AbsentPlugin,
    AbsentTaskTypeError,
    Catalogue,
    DisabledPlugin,
    Plugin,
    ProviderNotFoundError,
    QuarantinedPlugin,
    UnknownProviderError,
    UnknownQueueError,
    UnknownTaskTypeError,
)
from penstock.plugins.discovery import discover
from penstock.plugins.host import load
from penstock.plugins.inventory import PluginView, inventory
from penstock.plugins.selection import EVERYTHING, Selection

__all__ = [
    "EVERYTHING",
    "AbsentPlugin",
    "AbsentTaskTypeError",
    "Catalogue",
    "DisabledPlugin",
    "Plugin",
    "PluginView",
    "ProviderNotFoundError",
    "QuarantinedPlugin",
    "Selection",
    "UnknownProviderError",
    "UnknownQueueError",
    "UnknownTaskTypeError",
    "discover",
    "inventory",
    "load",
]
