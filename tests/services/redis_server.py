"""A Redis that tests may stop, kill, pause, wipe and set back."""

import os
import shlex
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from redis import Redis

from penstock.embedded import EmbeddedRedis
from penstock.embedded.binary import find_server_binary
from tests.services.free_port import find_free_port


class RedisServer:
    """A server on a port of its own, which stays the same over restarts.

    Args:
        data_dir: for its data and its log.
        options: of its configuration, beside those of the embedded server.
    """

    def __init__(self, data_dir: Path, options: Mapping[str, str] | None = None) -> None:
        self.port = find_free_port()
        self._data_dir = data_dir
        program = _with_options(data_dir, options) if options else None
        self._embedded = EmbeddedRedis(data_dir, port=self.port, binary=program)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def runs(self) -> bool:
        return self._embedded.pid is not None

    @property
    def log_path(self) -> Path:
        """The server's log: one file, whatever happens to the data."""
        return self._embedded.log_path

    @property
    def pid(self) -> int:
        pid = self._embedded.pid
        if pid is None:
            raise RuntimeError(f"the test's Redis on port {self.port} does not run: start() it")
        return pid

    def start(self) -> None:
        self._embedded.start()

    def stop(self) -> None:
        """Shut down in order: its data survives."""
        self._embedded.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it like a crash: up to a second of its writes is lost."""
        os.kill(self.pid, signal.SIGKILL)
        self._embedded.stop()

    def pause(self) -> None:
        """Make it hang: connections stay open, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Wipe it, as a careless operator would."""
        with Redis.from_url(self.url) as client:
            # Valkey frees the memory later unless it is told not to, and a benchmark looks at it.
            client.execute_command("FLUSHALL", "SYNC")

    def cut(self) -> None:
        """Close every client's connection."""
        with Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)

    def forget(self) -> None:
        """Remove the data of a server that does not run: an empty one starts in its place."""
        shutil.rmtree(self._append_only, ignore_errors=True)

    def snapshot(self, folder: Path) -> None:
        """Copy the data as it is now; a write under way may be missing at its end."""
        shutil.copytree(self._append_only, folder)

    def rewind(self, folder: Path) -> None:
        """Go on with an earlier :meth:`snapshot`: what a failover to a lagging replica does."""
        self.kill()
        self.forget()
        shutil.copytree(folder, self._append_only)
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def _append_only(self) -> Path:
        return self._data_dir / "appendonlydir"


def _with_options(folder: Path, options: Mapping[str, str]) -> Path:
    """A program that starts the server with ``options``."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder.absolute() / "server"
    arguments = shlex.join(part for name, value in options.items() for part in (f"--{name}", value))
    program.write_text(
        f'#!/bin/sh\nexec {shlex.quote(str(find_server_binary()))} "$@" {arguments}\n'
    )
    program.chmod(0o755)
    return program
