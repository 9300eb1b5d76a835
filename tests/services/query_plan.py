"""How a database would go about a statement that the product sends."""

from collections.abc import Awaitable
from typing import Any

from sqlalchemy import event, text

from penstock.ledger.database import Database


async def plan_of(database: Database, work: Awaitable[object], *, verb: str) -> str:
    """The plan of the one statement with ``verb`` that ``work`` sends, in the database's words.

    Of an empty table PostgreSQL would read all; here it prefers indexes, as in a large one.
    """
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(verb):
            sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        await work
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    ((statement, parameters),) = sent
    async with database.read("look at the plan") as connection:
        explain = "EXPLAIN QUERY PLAN"
        if database.dialect == "postgresql":
            explain = "EXPLAIN"
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        return "\n".join(map(str, plan.all()))
