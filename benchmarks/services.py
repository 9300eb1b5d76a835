"""The servers that a run brings up for itself, and stops."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psutil

from penstock.ledger.migrate import upgrade
from tests.services import PostgresServer, RedisServer


class Services:
    """A Redis with its append-only file, and PostgreSQL with fsync or a folder for SQLite."""

    def __init__(self, database: str) -> None:
        self._stack = ExitStack()
        self._database = database
        self._postgres: PostgresServer | None = None
        self._template = ""
        self._round = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            self.redis = stack.enter_context(RedisServer(self.folder / "redis"))
            if self._database == "postgresql":
                self._postgres = stack.enter_context(PostgresServer(durable=True))
                self._template = self._postgres.create_database()
                upgrade(self._postgres.url(self._template))
            else:
                self._template = str(self.folder / "template.db")
                upgrade(f"sqlite+aiosqlite:///{self._template}")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def fresh_environment(self, log_level: str) -> dict[str, str]:
        """Penstock's settings for an empty Redis and an empty, migrated database."""
        self._round += 1
        self.redis.flush()
        return {
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": self._fresh_database(),
            "PENSTOCK_DATA_DIR": str(self.folder / f"data-{self._round}"),
            "PENSTOCK_NAMESPACE": f"bench-{self._round}",
            "PENSTOCK_LOG_LEVEL": log_level,
        }

    def _fresh_database(self) -> str:
        if self._postgres is not None:
            return self._postgres.url(self._postgres.create_database(template=self._template))
        copy = shutil.copyfile(self._template, self.folder / f"ledger-{self._round}.db")
        return f"sqlite:///{copy}"

    def processes(self) -> dict[str, psutil.Process]:
        """The servers' main processes by name."""
        found = {"Redis": psutil.Process(self.redis.pid)}
        if self._postgres is not None:
            found["PostgreSQL"] = next(
                child for child in psutil.Process().children() if child.name() == "postgres"
            )
        return found
