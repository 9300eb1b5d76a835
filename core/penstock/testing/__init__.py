"""What a plugin's tests are made of: see ``docs/testing.md``.

With ``penstock[testing]`` installed, pytest knows the fixtures ``harness`` and
``penstock_services``, and :class:`PluginContract` is there to be subclassed. Nothing here is
imported before it is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.testing.clock import Clock
    from penstock.testing.contract import PluginContract
    from penstock.testing.harness import Harness
    from penstock.testing.run import BegunRun, Child, LoggedLine, Run, StartedRun
    from penstock.testing.services import RealServices

__all__ = [
    "BegunRun",
    "Child",
    "Clock",
    "Harness",
    "LoggedLine",
    "PluginContract",
    "RealServices",
    "Run",
    "StartedRun",
]

_HOMES = {
    "BegunRun": "run",
    "Child": "run",
    "Clock": "clock",
    "Harness": "harness",
    "LoggedLine": "run",
    "PluginContract": "contract",
    "RealServices": "services",
    "StartedRun": "run",
    "Run": "run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"penstock.testing.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
