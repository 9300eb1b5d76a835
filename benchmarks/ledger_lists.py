"""``python -m benchmarks.ledger_lists``: how long one page of each list takes, with a million rows.

Prints the median and the largest of some calls of each filter, warm; for those above the bar, the
plans of their statements.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text

from benchmarks.ledger_rows import ROWS, database
from penstock.ledger import Ledger, Status, TaskFilter, TaskList

BAR = 50.0
"""Milliseconds."""
LIMIT = 50
_CALLS = 25
_ABSENT = UUID(int=1)


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def some(status: str) -> frozenset[Status]:
    return frozenset({Status(status)})


def filters(dialect: str) -> dict[str, TaskFilter]:
    """Each filter with a common, a rare and an absent value, and the usual pairs."""
    thousand = UUID(f"{500:012x}70008000000000000000")
    if dialect == "sqlite":
        thousand = UUID(f"{500:012x}7000{8:x}000000000000000")
    found: dict[str, TaskFilter] = {"all": TaskFilter()}
    for status in Status:
        found[f"status={status}"] = TaskFilter(status=some(status))
    exact = {
        "queue": ("acme-1", "rare", "absent"),
        "type": ("acme.type-1", "rare.type", "absent"),
        "user_id": ("big", "user-7", "absent"),
    }
    for name, values in exact.items():
        for value in values:
            found[f"{name}={value}"] = TaskFilter(**{name: value})  # type: ignore[arg-type]
            for word in ("success", "failed", "cancelled", "pending"):
                found[f"{name}={value} status={word}"] = TaskFilter(
                    status=some(word),
                    **{name: value},  # type: ignore[arg-type]
                )
    for text_ in ("upstream answered", "needle", "absent", "rate_limited"):
        found[f"error={text_}"] = TaskFilter(error=text_)
    found["error=needle queue=acme-1"] = TaskFilter(error="needle", queue="acme-1")
    found["error=absent user_id=big"] = TaskFilter(error="absent", user_id="big")
    found["last day"] = TaskFilter(created_after=days_ago(1))
    found["a day, 20 days ago"] = TaskFilter(
        created_after=days_ago(20), created_before=days_ago(19)
    )
    found["a year ago"] = TaskFilter(created_before=days_ago(365))
    found["20 days ago, status=failed"] = TaskFilter(
        created_after=days_ago(20), created_before=days_ago(19), status=some("failed")
    )
    found["20 days ago, queue=acme-1"] = TaskFilter(created_before=days_ago(19), queue="acme-1")
    found["parent_id"] = TaskFilter(parent_id=thousand)
    found["parent_id=absent"] = TaskFilter(parent_id=_ABSENT)
    found["batch_id"] = TaskFilter(batch_id=thousand)
    found["batch_id status=failed"] = TaskFilter(batch_id=thousand, status=some("failed"))
    found["user_id=big queue=acme-1"] = TaskFilter(user_id="big", queue="acme-1")
    found["user_id=big queue=rare"] = TaskFilter(user_id="big", queue="rare")
    found["queue=acme-1 type=acme.type-1 user_id=big"] = TaskFilter(
        queue="acme-1", type="acme.type-1", user_id="big"
    )
    return found


async def measure(url: str, console: Console) -> None:
    ledger = Ledger(url)
    tasks = TaskList(ledger.database)
    sent: list[tuple[str, Any]] = []
    event.listen(
        ledger.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, values, *___: sent.append((statement, values)),
    )
    table = Table("filter", "rows", "more", "p50 ms", "max ms", "statements")
    for name, wanted in filters(ledger.database.dialect).items():
        for _ in range(3):
            await tasks.page(wanted, before=None, limit=LIMIT)
        sent.clear()
        page = await tasks.page(wanted, before=None, limit=LIMIT)
        statements, took = list(sent), []
        for _ in range(_CALLS):
            begun = time.perf_counter()
            await tasks.page(wanted, before=None, limit=LIMIT)
            took.append((time.perf_counter() - begun) * 1000)
        row = (f"{statistics.median(took):.1f}", f"{max(took):.1f}", str(len(statements)))
        slow = max(took) > BAR
        table.add_row(
            name,
            str(len(page.tasks)),
            str(page.next is not None),
            *row,
            style="red" if slow else None,
        )
        if slow and ledger.database.dialect == "postgresql":
            await explain(ledger, statements, console)
    console.print(table)
    await ledger.close()


async def explain(ledger: Ledger, statements: Sequence[tuple[str, Any]], console: Console) -> None:
    async with ledger.database.engine.connect() as connection:
        for statement, values in statements:
            if statement.startswith("SET"):  # which has no plan
                continue
            raw = await connection.get_raw_connection()
            rows = await raw.driver_connection.fetch(  # type: ignore[union-attr]
                "EXPLAIN (ANALYZE, BUFFERS) " + statement, *values
            )
            console.print("\n".join(row[0] for row in rows), markup=False, soft_wrap=True)


async def size(url: str, console: Console) -> None:
    """How large the table's indexes are."""
    ledger = Ledger(url)
    statement = text(
        "SELECT indexrelname, pg_relation_size(indexrelid) / 1048576 FROM pg_stat_user_indexes"
        " WHERE relname = 'task' ORDER BY 1"
    )
    if ledger.database.dialect == "postgresql":
        async with ledger.database.read("look at sizes") as connection:
            for name, mebibytes in await connection.execute(statement):
                console.print(f"{name}: {mebibytes} MiB")
    await ledger.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dialect", choices=["postgresql", "sqlite"])
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    console = Console(width=160)
    with database(asked.dialect, asked.rows) as url:
        asyncio.run(size(url, console))
        asyncio.run(measure(url, console))


if __name__ == "__main__":
    main()
