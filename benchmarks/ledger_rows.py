"""A ledger with a million ended tasks, made by SQL, for the scripts that ask it and prune it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from penstock.ledger.migrate import upgrade
from tests.services import PostgresServer

ROWS = 1_000_000
SPAN = timedelta(days=40)
"""How far back they reach, evenly."""


@contextmanager
def database(dialect: str, rows: int) -> Iterator[str]:
    """The URL of a migrated database with so many ended tasks: ``postgresql`` or ``sqlite``."""
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        if dialect == "sqlite":
            url = f"sqlite+aiosqlite:///{Path(folder) / 'ledger.db'}"
            upgrade(url)
            asyncio.run(_fill(url, rows))
            yield url
            return
        with PostgresServer(durable=True) as server:
            url = server.url(server.create_database())
            upgrade(url)
            asyncio.run(_fill(url, rows))
            yield url


async def _fill(url: str, rows: int) -> None:
    first = datetime.now(UTC) - SPAN
    step = SPAN / (rows + 1)
    values: dict[str, Any] = {"rows": rows, "first": first, "step": step}
    sqlite = url.startswith("sqlite")
    if sqlite:
        values["first"] = int(first.timestamp() * 1000)
        values["step"] = max(1, step // timedelta(milliseconds=1))
    name = f"ledger_rows_{'sqlite' if sqlite else 'postgresql'}.sql"
    statement = Path(__file__).with_name(name).read_text(encoding="utf-8")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)
    if not sqlite:
        async with engine.connect() as connection:
            # What autovacuum does in time.
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await autocommit.execute(text("VACUUM ANALYZE task"))
    await engine.dispose()
