"""The servers that a run brings up for its peers, and stops."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import asyncpg
import psutil
from redis import Redis

from benchmarks.options import Options
from benchmarks.peer import ROOT, Peer
from tests.services import PostgresServer, RedisServer

_REDIS_LOOKS = 0.3
"""Seconds until Redis has seen which clients are gone, and how much their buffers take."""


class Services:
    """One peer's own servers: a Redis with its append-only file, a PostgreSQL with fsync.

    A context manager. Both are set up alike for every peer.
    """

    def __init__(self, peer: Peer, options: Options) -> None:
        self._peer = peer
        self._options = options
        self._stack = ExitStack()
        self._redis: RedisServer | None = None
        self._postgres: PostgresServer | None = None
        self._database: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{self._peer.name}-"))
            )
            for server in self._peer.servers:
                match server:
                    case "redis":
                        self._redis = stack.enter_context(RedisServer(self.folder / "redis"))
                    case "postgresql":
                        self._postgres = stack.enter_context(PostgresServer(durable=True))
                    case _:
                        raise ValueError(
                            f"expected redis or postgresql as a server of {self._peer.name},"
                            f" got {server!r}"
                        )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def fresh(self) -> dict[str, str]:
        """The environment of the peer's programs, for an empty Redis and an empty database."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_CONCURRENCY": str(self._options.concurrency),
            "BENCH_LOG_LEVEL": self._options.log_level,
            "BENCH_FOLDER": tempfile.mkdtemp(dir=self.folder),
        }
        if self._options.profile is not None:
            environment["BENCH_PROFILE"] = str(Path(self._options.profile).absolute())
        if self._redis is not None:
            self._redis.flush()
            environment["BENCH_REDIS_URL"] = f"redis://127.0.0.1:{self._redis.port}"
        if self._postgres is not None:
            if self._database is not None:
                self._postgres.drop_database(self._database)
            self._database = self._postgres.create_database()
            url = self._postgres.url(self._database)
            environment["BENCH_POSTGRESQL_URL"] = url.replace("+asyncpg", "", 1)
        self.settle()
        return environment

    def settle(self) -> None:
        """Return when nothing of what was written so far is left to be done."""
        if self._postgres is not None:
            self._postgres.execute("CHECKPOINT")
        while self._redis is not None and self._info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(_REDIS_LOOKS)
        os.sync()

    @property
    def processes(self) -> dict[str, list[psutil.Process]]:
        """The servers' main processes by name."""
        found = {}
        if self._redis is not None:
            found["Redis"] = [psutil.Process(self._redis.pid)]
        if self._postgres is not None:
            found["PostgreSQL"] = [psutil.Process(self._postgres.pid)]
        return found

    def redis_bytes(self) -> int | None:
        """What keys and values take, with the tables that hold them; ``None`` without a Redis.

        Exact to some kilobytes if no client is connected: what their buffers take is known only
        roughly.
        """
        if self._redis is None:
            return None
        time.sleep(_REDIS_LOOKS)
        memory = self._info("memory")
        # `used_memory_dataset` would leave out the tables of keys.
        other = ("mem_clients_normal", "mem_aof_buffer", "used_memory_scripts")
        return int(memory["used_memory"] - sum(memory.get(each, 0) for each in other))

    def versions(self) -> dict[str, str]:
        """The servers' versions by name."""
        found = {}
        if self._redis is not None:
            server = self._info("server")
            name = str(server.get("server_name", "redis")).capitalize()
            found[name] = str(server.get(f"{name.lower()}_version", server["redis_version"]))
        if self._postgres is not None:
            found["PostgreSQL"] = asyncio.run(_postgres_version(self._postgres))
        return found

    def _info(self, section: str) -> dict[str, Any]:
        if self._redis is None:
            raise RuntimeError(f"{self._peer.name} has no Redis")
        with Redis(port=self._redis.port) as redis:
            info: dict[str, Any] = redis.info(section)
            return info


async def _postgres_version(server: PostgresServer) -> str:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", "", 1))
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()
