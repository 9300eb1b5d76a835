"""A PostgreSQL of the tests' own, which they may stop, kill and pause."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import asyncpg
import psutil

from tests.services.free_port import find_free_port
from tests.services.postgres_binaries import Account, PostgresBinaries, find_postgres

SETTINGS = {
    # What a crash would lose does not matter here, and waiting for the disk does.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
_UNSAFE = ("fsync", "full_page_writes", "synchronous_commit")


class PostgresServer:
    """A server on a port of its own, with its data in a folder that goes away with it.

    Started as root, it runs as the existing user `nobody`; no user is added. `durable=True`
    keeps fsync on, for benchmarks; `settings` are set over :data:`SETTINGS`.
    """

    USER = "penstock"

    def __init__(self, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self.port = find_free_port()
        unwanted = _UNSAFE if durable else ()
        self._settings = {
            **{name: value for name, value in SETTINGS.items() if name not in unwanted},
            **(settings or {}),
        }
        self._account = Account.unprivileged()
        self._binaries: PostgresBinaries | None = None
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start with an empty cluster; after :meth:`kill`, with the data that is there."""
        try:
            if self._folder is None or self._binaries is None:
                # Not below pytest's tmp_path, which no other user may enter.
                self._folder = Path(tempfile.mkdtemp(prefix="penstock-postgres-"))
                self._folder.chmod(0o755)
                self._binaries = self._initialise(self._folder)
            self._process = self._run(self._folder, self._binaries)
            self._wait_until_ready(self._process, self._folder / "log")
        except BaseException:
            self.stop()
            raise

    def _initialise(self, folder: Path) -> PostgresBinaries:
        binaries = find_postgres(self._account, folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        self._account.owns(data)
        initdb = [binaries.initdb, f"--pgdata={data}", f"--username={self.USER}", "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._account.run(initdb, binaries.environment)
        return binaries

    def _run(self, folder: Path, binaries: PostgresBinaries) -> subprocess.Popen[bytes]:
        command = [binaries.postgres, "-D", str(folder / "data"), "-p", str(self.port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._account.wrap(command),
                cwd="/",
                env=binaries.environment,
                process_group=0,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
            )

    def stop(self) -> None:
        """Stop at once and remove the data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # immediate: the data is thrown away anyway
            self._process.wait(30)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    # -- breaking it ---------------------------------------------------------------------------

    def restart(self) -> None:
        """Shut down in order, cutting every connection, and start again with the same data."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        process.wait(30)
        self.start()

    def kill(self) -> None:
        """End it like a crash; :meth:`start` brings it back with the same data."""
        process = self._running()
        # Its children would finish what they are doing, and hold on to the shared memory.
        for each in self._family(process):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(30)

    def pause(self) -> None:
        """Make it hang: connections stay open, nothing is answered."""
        # The first is the one that forks: once it stands still, no child is missed.
        for each in self._family(self._running()):
            with suppress(psutil.NoSuchProcess):
                each.suspend()

    def resume(self) -> None:
        for each in self._family(self._running()):
            with suppress(psutil.NoSuchProcess):
                each.resume()

    def cut(self, database: str) -> None:
        """Close every other client's connection to a database."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database}' AND pid <> pg_backend_pid()",
            database,
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(
                f"the test's PostgreSQL on port {self.port} does not run: start() it"
            )
        return self._process

    @staticmethod
    def _family(process: subprocess.Popen[bytes]) -> Iterator[psutil.Process]:
        """The server and then its children: they are in groups of their own."""
        server = psutil.Process(process.pid)
        yield server
        yield from server.children(recursive=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process whose children serve the connections."""
        return self._running().pid

    def url(self, database: str = "postgres") -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+asyncpg://{self.USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str | None = None) -> str:
        """Create a database, a copy of the template if one is given, and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template1"}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is still connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside of any transaction."""

        async def connect_and_run() -> None:
            connection = await self._connect(database)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        _run(connect_and_run())

    async def _connect(self, database: str) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user=self.USER, database=database, ssl=False
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.execute("SELECT 1")
            except (OSError, asyncpg.PostgresError) as error:
                last = error
            else:
                return
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise RuntimeError(f"PostgreSQL does not come up ({last}). Its log:\n{log.read_text()}")


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    # A thread of its own, so that this works whether or not the caller has a running event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, coroutine).result()
