"""A ledger with a million ended tasks, made by SQL, for the scripts that ask it and prune it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from penstock.ledger.migrate import upgrade
from tests.services import PostgresServer

ROWS = 1_000_000
SPAN = timedelta(days=40)
"""How far back they reach, evenly."""

# Ids are UUIDv7, in the order of their making, with digits of a hash as the random part. Of a
# million: 4 queues, one of them with 10 rows; 9 task types, one with 10 rows; a user with a tenth of
# all and 50,000 others, half without a user; 5 % failed, 0.1 % cancelled; one error text in 10 rows.
_POSTGRESQL = """
INSERT INTO task (
    id, type, queue, status, priority, user_id, input, result, error_code, error_message,
    error_type, run, attempts, max_attempts, worker, lease, created_at, started_at, finished_at,
    updated_at, parent_id, batch_id
)
SELECT
    id, type, queue, status, 5,
    CASE WHEN n % 10 = 1 THEN 'big' WHEN n % 2 = 0 THEN 'user-' || (n / 2 % 50000) END,
    '{"markdown": "some text of a usual length, which is not long"}',
    CASE WHEN status = 'success' THEN '{"key": "a key of the result"}'::json END,
    CASE status WHEN 'failed' THEN code WHEN 'cancelled' THEN 'cancelled' END,
    CASE status WHEN 'failed' THEN message WHEN 'cancelled' THEN 'cancelled by an operator' END,
    CASE status WHEN 'failed' THEN 'TransientError' WHEN 'cancelled' THEN '' END,
    1, 1, 3, 'worker', n, created_at, created_at, created_at, created_at,
    CASE WHEN n % 1000 < 10 THEN first_of_thousand END,
    CASE WHEN n % 1000 < 100 THEN first_of_thousand END
FROM (
    SELECT
        n, made AS created_at,
        CAST(lpad(to_hex(CAST(extract(epoch FROM made) * 1000 AS bigint)), 12, '0')
            || '7' || substr(md5(CAST(n AS text)), 1, 3) || '8' || substr(md5(CAST(n AS text)), 4, 15)
            AS uuid) AS id,
        CAST(lpad(to_hex(n / 1000), 12, '0') || '70008000000000000000' AS uuid) AS first_of_thousand,
        CASE WHEN n % 100000 = 7 THEN 'rare.type' ELSE 'acme.type-' || n % 8 END AS type,
        CASE WHEN n % 100000 = 7 THEN 'rare' ELSE 'acme-' || n % 3 END AS queue,
        CASE WHEN n % 20 = 3 THEN 'failed' WHEN n % 1000 = 500 THEN 'cancelled' ELSE 'success' END
            AS status,
        CASE WHEN n % 40 = 3 THEN 'rate_limited' ELSE 'handler_error' END AS code,
        CASE WHEN n % 100000 = 3 THEN 'The needle in the haystack'
            ELSE 'upstream answered 503 after 30 s, see request ' || n END AS message
    FROM (
        SELECT n, CAST(:first AS timestamptz) + n * CAST(:step AS interval) AS made
        FROM generate_series(1, CAST(:rows AS integer)) AS n
    ) AS numbered
) AS made_up
"""
_SQLITE = """
INSERT INTO task (
    id, type, queue, status, priority, user_id, input, result, error_code, error_message,
    error_type, run, attempts, max_attempts, worker, lease, created_at, started_at, finished_at,
    updated_at, parent_id, batch_id
)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows),
numbered AS (SELECT n, :first + n * :step AS ms FROM numbers),
made_up AS (
    SELECT
        n,
        strftime('%Y-%m-%d %H:%M:%S', ms / 1000, 'unixepoch') || printf('.%03d000', ms % 1000)
            AS created_at,
        printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, n) AS id,
        printf('%08x-%04x-7000-8000-000000000000', n / 1000 >> 16, n / 1000 & 65535)
            AS first_of_thousand,
        CASE WHEN n % 100000 = 7 THEN 'rare.type' ELSE 'acme.type-' || n % 8 END AS type,
        CASE WHEN n % 100000 = 7 THEN 'rare' ELSE 'acme-' || n % 3 END AS queue,
        CASE WHEN n % 20 = 3 THEN 'failed' WHEN n % 1000 = 500 THEN 'cancelled' ELSE 'success' END
            AS status,
        CASE WHEN n % 40 = 3 THEN 'rate_limited' ELSE 'handler_error' END AS code,
        CASE WHEN n % 100000 = 3 THEN 'The needle in the haystack'
            ELSE 'upstream answered 503 after 30 s, see request ' || n END AS message
    FROM numbered
)
SELECT
    id, type, queue, status, 5,
    CASE WHEN n % 10 = 1 THEN 'big' WHEN n % 2 = 0 THEN 'user-' || (n / 2 % 50000) END,
    '{"markdown": "some text of a usual length, which is not long"}',
    CASE WHEN status = 'success' THEN '{"key": "a key of the result"}' END,
    CASE status WHEN 'failed' THEN code WHEN 'cancelled' THEN 'cancelled' END,
    CASE status WHEN 'failed' THEN message WHEN 'cancelled' THEN 'cancelled by an operator' END,
    CASE status WHEN 'failed' THEN 'TransientError' WHEN 'cancelled' THEN '' END,
    1, 1, 3, 'worker', n, created_at, created_at, created_at, created_at,
    CASE WHEN n % 1000 < 10 THEN first_of_thousand END,
    CASE WHEN n % 1000 < 100 THEN first_of_thousand END
FROM made_up
"""


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
    values = {"rows": rows, "first": first, "step": step}
    sqlite = url.startswith("sqlite")
    if sqlite:
        values["first"] = int(first.timestamp() * 1000)  # type: ignore[assignment]
        values["step"] = max(1, step // timedelta(milliseconds=1))
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(_SQLITE if sqlite else _POSTGRESQL), values)
    if not sqlite:
        async with engine.connect() as connection:
            # What autovacuum does in time.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE task"))
    await engine.dispose()
