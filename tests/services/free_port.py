"""A port that nobody listens on."""

import fcntl
import getpass
import itertools
import socket
import tempfile
from pathlib import Path

# Below the ports that Linux (from 32,768) and macOS (from 49,152) give to outgoing connections:
# one of those could take a server's port before it starts, or while it restarts.
_PORTS = range(20_000, 32_000)


def find_free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago.

    The tests' processes deal them out in turn, so that two do not choose the same one.
    """
    last = Path(tempfile.gettempdir(), f"penstock-tests-{getpass.getuser()}.port")
    with last.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        dealt = int(file.read() or _PORTS.start - 1)
        behind = dealt - _PORTS.start + 1
        turn = itertools.chain(_PORTS[behind:], _PORTS[:behind])
        port = next(filter(_is_free, turn))
        file.truncate(0)
        file.write(str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
