"""One server per data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from penstock.embedded.errors import EmbeddedServerError


class DataLock:
    """An exclusive lock on a data folder, held from `acquire` to `release`.

    The server inherits the lock's file, so the folder stays locked for as long as the server
    lives, even if the process that started it is killed. The operating system drops the lock with
    the last of both: a crash leaves nothing to clean up.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "redis.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> int:
        """Take the lock, and return the file descriptor for the server to inherit.

        Raises:
            EmbeddedServerError: Another process (or another server of this one) holds it; the
                message names its process id.
        """
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "(unknown)"
            file.close()
            raise EmbeddedServerError(
                f"the data folder {self._path.parent} is in use by process {holder}."
                " Stop that one (is another `penstock dev` running?), or use another data folder."
            ) from None
        self._file = file
        self.note(str(os.getpid()))
        return file.fileno()

    def note(self, holder: str) -> None:
        """Say who holds the lock, for the message that the second comer gets."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(holder)
            self._file.flush()

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None
