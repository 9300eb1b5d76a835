"""The settings of the process that runs a command."""

import os
from pathlib import Path

from penstock.plugins import discover
from penstock.settings import Settings


def load() -> Settings:
    """Read the environment, and ``.env.local`` in the folder that the process was started in.

    Raises:
        SettingsError: for the first variable that cannot be honoured. Those of plugins are
            checked by the processes that load them.
    """
    return Settings.load(os.environ, Path.cwd(), plugins=[each.name for each in discover()])
