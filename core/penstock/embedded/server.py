"""Running the embedded server."""

import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.embedded import address_file
from penstock.embedded.address import Address
from penstock.embedded.binary import find_server_binary
from penstock.embedded.data_lock import DataLock
from penstock.embedded.errors import EmbeddedServerError
from penstock.embedded.parent_death import dying_with_parent

LOG_TAIL = 20  # lines


class EmbeddedRedis:
    """A Redis-compatible server as a child process, with its data in a folder.

    What it accepted is on disk within a second (an append-only file, synced every second), and it
    never evicts a key. It listens on a unix socket that only this user can reach, or on a TCP
    port of 127.0.0.1. On Linux it stops when the thread that started it ends, however it ends.

    Args:
        data_dir: Where its data, its log (``redis.log``), its lock and, if the path is short
            enough, its socket live; created if missing. One server at a time.
        port: Listen on this port of 127.0.0.1 instead of a unix socket.
        binary: The server's program; found by `find_server_binary` if not given.
        start_timeout: How long the server may take until it answers. The time that it says to
            spend on loading its data does not count.
        stop_timeout: How long the server may take to shut down before it is killed.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        binary: Path | None = None,
        start_timeout: timedelta = timedelta(seconds=10),
        stop_timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        # Absolute, because the server changes into its folder.
        self._data_dir = data_dir.absolute()
        self._port = port
        self._binary = binary
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._lock = DataLock(self._data_dir)
        self._address: Address | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self._data_dir / "redis.log"

    @property
    def url(self) -> str:
        """The address for redis-py's ``from_url``.

        Raises:
            EmbeddedServerError: The server is not started.
        """
        if self._address is None:
            raise EmbeddedServerError(
                f"the embedded server of {self._data_dir} has no address before start()"
            )
        return self._address.url

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs, else None."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> str:
        """Start the server, wait until it answers, and return its URL.

        Raises:
            EmbeddedServerError: There is no server to start, the folder is in use, or the server
                does not come up (the message carries the end of its log).
        """
        binary = self._binary or find_server_binary()
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock_file = self._lock.acquire()
        try:
            self._address = Address.choose(self._data_dir, self._port)
            self._process = self._spawn(binary, self._address, lock_file)
            self._lock.note(f"{os.getpid()} (its server is {self._process.pid})")
            self._wait_until_ready(binary, self._process, self._address)
            address_file.write(self._data_dir, self._address.url)
        except BaseException:
            self.stop()
            raise
        return self._address.url

    def stop(self) -> None:
        """Shut the server down and wait for its end; harmless when it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(self._stop_timeout.total_seconds())
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._address is not None:
            address_file.remove(self._data_dir)
            self._address.remove()
            self._address = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, binary: Path, address: Address, lock_file: int) -> subprocess.Popen[bytes]:
        command = [str(binary), *address.arguments, "--dir", str(self._data_dir)]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        command += ["--maxmemory-policy", "noeviction", "--daemonize", "no"]
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(  # noqa: S603 - no shell, and no argument comes from outside
                dying_with_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock_file],
                # Ctrl-C in a terminal reaches a whole process group: the workers need their
                # server while they drain.
                process_group=0,
            )

    def _wait_until_ready(
        self, binary: Path, process: subprocess.Popen[bytes], address: Address
    ) -> None:
        patience = self._start_timeout.total_seconds()
        deadline = time.monotonic() + patience
        while True:
            try:
                answer = address.ask(b"PING", timeout=patience)
            except OSError:
                answer = b""
            if answer.startswith(b"+PONG") and process.poll() is None:
                return
            if answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + patience
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                problem = f"does not answer after {patience:g} s"
            else:
                problem = f"ended with exit code {process.returncode} before it answered"
            raise EmbeddedServerError(
                f"the embedded server {binary} {problem}."
                f" The end of its log ({self.log_path}):\n{self._log_tail()}"
            )

    def _log_tail(self) -> str:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LOG_TAIL:]) or "    (empty)"
