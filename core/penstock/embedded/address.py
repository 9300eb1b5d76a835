"""Where the embedded server listens."""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import quote

from penstock.embedded.errors import EmbeddedServerError

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the NUL that ends them.
MAX_SOCKET_PATH = 103


class Address:
    """A unix socket in a folder that only this user can enter, or a TCP port on loopback."""

    def __init__(self, *, socket_path: Path | None, port: int | None, temporary: bool) -> None:
        self._socket_path = socket_path
        self._port = port
        self._temporary = temporary

    @classmethod
    def choose(cls, data_dir: Path, port: int | None) -> Self:
        """Take the port if there is one, else a socket: in the data folder, or in a shorter one.

        Raises:
            EmbeddedServerError: The port cannot be listened on.
        """
        if port is not None:
            cls._check_free(port)
            return cls(socket_path=None, port=port, temporary=False)
        path = data_dir / "redis.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return cls(socket_path=path, port=None, temporary=False)
        short = Path(tempfile.mkdtemp(prefix="penstock-")) / "redis.sock"
        if len(os.fsencode(short)) > MAX_SOCKET_PATH:
            short.parent.rmdir()
            short = Path(tempfile.mkdtemp(prefix="penstock-", dir="/tmp")) / "redis.sock"
        return cls(socket_path=short, port=None, temporary=True)

    @staticmethod
    def _check_free(port: int) -> None:
        # Whoever listens there already might answer the readiness check in our server's stead.
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise EmbeddedServerError(
                f"the embedded server cannot listen on port {port} of 127.0.0.1: {error}."
                " Use another port, or none to listen on a unix socket."
            ) from None

    @property
    def url(self) -> str:
        """The address in the form that redis-py's ``from_url`` takes."""
        if self._socket_path is not None:
            return f"unix://{quote(str(self._socket_path))}?db=0"
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def arguments(self) -> list[str]:
        """The server's options that make it listen there and nowhere else."""
        if self._socket_path is not None:
            return [
                "--port",
                "0",
                "--unixsocket",
                str(self._socket_path),
                "--unixsocketperm",
                "700",
            ]
        return ["--port", str(self._port), "--bind", "127.0.0.1"]

    def ask(self, line: bytes, timeout: float) -> bytes:
        """Send one inline command and return what comes first in answer.

        Raises:
            OSError: Nobody listens, or nobody answers within the time-out (in seconds).
        """
        if self._socket_path is not None:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target: str | tuple[str, int] = str(self._socket_path)
        else:
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            target = ("127.0.0.1", self._port or 0)
        with client:
            client.settimeout(timeout)
            client.connect(target)
            client.sendall(line + b"\r\n")
            return client.recv(256)

    def remove(self) -> None:
        """Remove what `choose` made and the server may have left."""
        if self._socket_path is not None:
            self._socket_path.unlink(missing_ok=True)
            if self._temporary:
                shutil.rmtree(self._socket_path.parent, ignore_errors=True)
