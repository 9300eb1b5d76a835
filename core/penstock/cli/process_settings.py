"""The settings of the process that runs a command."""

import os
from collections.abc import Collection
from pathlib import Path

from penstock.plugins import discover
from penstock.settings import Settings


def load(*, safe_mode: bool = False, plugins: Collection[str] = ()) -> Settings:
    """Read the environment, and ``.env.local`` in the folder that the process was started in.

    Args:
        safe_mode: whether the command line asks for it, whatever else does not.
        plugins: the names of plugins that may have settings beside those that are installed.

    Raises:
        SettingsError: for the first variable that cannot be honoured. Those of plugins are
            checked by the processes that load them.
    """
    environ = {**os.environ, "PENSTOCK_SAFE_MODE": "true"} if safe_mode else os.environ
    known = {*plugins, *(each.name for each in discover())}
    return Settings.load(environ, Path.cwd(), plugins=known)
