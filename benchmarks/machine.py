"""Where and with what it was measured: a figure without it means nothing."""

from __future__ import annotations

import asyncio
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil
from redis.asyncio import Redis
from sqlalchemy import text

from benchmarks.services import Services
from penstock.ledger.database import Database

_LIBRARIES = ("penstock", "taskiq", "redis", "SQLAlchemy", "asyncpg", "aiosqlite", "uvloop")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine, and the versions on it."""

    date: str
    system: str
    processor: str
    cores: int
    memory_gib: float
    file_system: str
    """Of the servers' data."""
    load: float
    """Average over the last minute, at the end; the benchmark itself makes about 2."""
    versions: dict[str, str]

    @classmethod
    async def look(cls, services: Services) -> Self:
        """Look around on this machine."""
        return cls(
            date=datetime.now(UTC).date().isoformat(),
            system=platform.platform(terse=True),
            processor=await asyncio.to_thread(_processor),
            cores=psutil.cpu_count() or 1,
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            file_system=_file_system(services.folder),
            load=round(os.getloadavg()[0], 2),
            versions={
                "Python": platform.python_version(),
                **{library: version(library) for library in _LIBRARIES},
                **await _server_versions(services),
            },
        )


async def _server_versions(services: Services) -> dict[str, str]:
    environment = services.fresh_environment("info")
    async with Redis.from_url(services.redis.url) as redis:
        server = await redis.info("server")
    name = str(server.get("server_name", "redis")).capitalize()
    versions = {name: str(server.get(f"{name.lower()}_version", server["redis_version"]))}
    url = environment["DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite://", 1)
    database = Database(url)
    sqlite = database.dialect == "sqlite"
    question = "SELECT sqlite_version()" if sqlite else "SHOW server_version"
    async with database.read("tell its version") as connection:
        found = await connection.execute(text(question))
        versions["SQLite" if sqlite else "PostgreSQL"] = str(found.scalar_one())
    await database.close()
    return versions


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    mounts = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
    for parent in [folder, *folder.parents]:
        if str(parent) in mounts:
            return str(mounts[str(parent)])
    return "unknown"
