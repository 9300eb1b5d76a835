"""A PostgreSQL of the tests' own."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import asyncpg

from tests.services.free_port import find_free_port
from tests.services.postgres_binaries import Account, find_postgres

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


class PostgresServer:
    """A server on a port of its own, with its data in a folder that goes away with it.

    Started as root, it runs as the existing user `nobody`; no user is added. `durable=True`
    keeps fsync on, for benchmarks.
    """

    USER = "penstock"

    def __init__(self, *, durable: bool = False) -> None:
        self.port = find_free_port()
        self._durable = durable
        self._account = Account.unprivileged()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Not below pytest's tmp_path, which no other user may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-postgres-"))
        try:
            self._folder.chmod(0o755)
            self._start_in(self._folder)
        except BaseException:
            self.stop()
            raise

    def _start_in(self, folder: Path) -> None:
        binaries = find_postgres(self._account, folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        self._account.owns(data)
        initdb = [binaries.initdb, f"--pgdata={data}", f"--username={self.USER}", "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._account.run(initdb, binaries.environment)
        command = [binaries.postgres, "-D", str(data), "-p", str(self.port)]
        for name, value in SETTINGS.items():
            on_for_benchmarks = name in {"fsync", "full_page_writes", "synchronous_commit"}
            if not (self._durable and on_for_benchmarks):
                command += ["-c", f"{name}={value}"]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._account.wrap(command),
                cwd="/",
                env=binaries.environment,
                process_group=0,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
            )
        self._wait_until_ready(self._process, folder / "log")

    def stop(self) -> None:
        """Stop at once and remove the data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # immediate: the data is thrown away anyway
            self._process.wait(30)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

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
