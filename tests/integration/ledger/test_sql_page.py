"""docs/sql.md: each of its statements, on both databases, over tasks that ended in every way."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Row, text
from uuid_utils.compat import uuid7

from penstock.ledger import Checkpoint, Failure, Ledger, NewTask, Outcome, Status, StoredArtifact
from tests.services.gate import pass_gate

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text()
STATEMENTS = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
GOOD, BAD, ARTIFACT = uuid7(), uuid7(), uuid7()


def new_task(task_id: UUID) -> NewTask:
    return NewTask(
        id=task_id,
        type="acme.resize",
        queue="acme",
        priority=5,
        user_id="u-1",
        input="{}",
        labels=None,
        max_attempts=1,
        created_at=datetime.now(UTC),
        run_at=None,
    )


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    """A task that succeeded with a file, and one that failed."""
    ledger = Ledger(database_url)
    for task_id in (GOOD, BAD):
        await ledger.accept(new_task(task_id))
    runs, _ = await pass_gate(ledger, GOOD, BAD)
    await ledger.save_checkpoint(
        Checkpoint(task_id=GOOD, run=1, name="operation", data='{"id": "op-1"}')
    )
    results: dict[Any, dict[str, Any]] = {
        GOOD: {"status": Status.SUCCESS, "result": '{"provider": "builtin"}'},
        BAD: {
            "status": Status.FAILED,
            "error": Failure("file_damaged", "it ends early", "E"),
            "traceback": "Traceback",
        },
    }
    await ledger.record(
        [
            Outcome(
                id=run.id,
                queue=run.queue,
                run=run.run,
                attempt=run.attempts,
                started_at=run.started_at,
                finished_at=datetime.now(UTC),
                **results[run.id],
            )
            for run in runs
        ]
    )
    await ledger.add_artifact(
        StoredArtifact(
            id=ARTIFACT, task_id=GOOD, name="a.png", content_type="image/png", size=3, sha256="00"
        )
    )
    yield ledger
    await ledger.close()


async def ask(ledger: Ledger, word: str, task_id: object = GOOD) -> list[Row[Any]]:
    (statement,) = [each for each in STATEMENTS if word in each]
    sqlite = ledger.database.dialect == "sqlite"
    values = {
        "id": str(task_id) if sqlite else task_id,
        "user_id": "u-1",
        "queue": "acme",
        "type": "acme.resize",
    }
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    async with ledger.database.read("ask") as connection:
        return list(await connection.execute(text(statement), used))


async def test_one_task_is_found_with_its_status_and_result(ledger: Ledger) -> None:
    (row,) = await ask(ledger, "progress_message")

    assert (row.status, row.progress, row.error_code) == ("success", 100, None)
    assert "builtin" in str(row.result)


async def test_a_failed_task_keeps_its_error(ledger: Ledger) -> None:
    (row,) = await ask(ledger, "progress_message", BAD)

    assert (row.status, row.error_code, row.error_message) == (
        "failed",
        "file_damaged",
        "it ends early",
    )


async def test_a_field_of_a_result_can_be_asked_for(ledger: Ledger) -> None:
    assert [row.provider for row in await ask(ledger, "'provider'")] == ["builtin"]


async def test_a_users_tasks_come_newest_first(ledger: Ledger) -> None:
    assert [str(row.id) for row in await ask(ledger, ":user_id")] == [str(BAD), str(GOOD)]


async def test_failed_tasks_of_a_kind_come_newest_first(ledger: Ledger) -> None:
    (row,) = await ask(ledger, ":queue")

    assert (str(row.id), row.error_code) == (str(BAD), "file_damaged")


async def test_failures_are_counted_by_reason(ledger: Ledger) -> None:
    (row,) = await ask(ledger, "AS failures")

    assert (row.type, row.error_code, row.failures) == ("acme.resize", "file_damaged", 1)


async def test_failed_attempts_are_listed_with_their_traceback(ledger: Ledger) -> None:
    assert [row.traceback for row in await ask(ledger, "FROM task_attempt", BAD)] == ["Traceback"]


async def test_what_a_task_keeps_is_listed(ledger: Ledger) -> None:
    (row,) = await ask(ledger, "FROM checkpoint")

    assert (row.name, row.run) == ("operation", 1)
    assert "op-1" in str(row.data)


async def test_the_files_of_a_task_are_listed(ledger: Ledger) -> None:
    assert [str(row.id) for row in await ask(ledger, "FROM artifact")] == [str(ARTIFACT)]


async def test_the_children_of_a_task_are_listed(ledger: Ledger) -> None:
    child = msgspec.structs.replace(new_task(uuid7()), parent_id=GOOD)
    await ledger.accept(child)

    assert [str(row.id) for row in await ask(ledger, "parent_id")] == [str(child.id)]


async def test_the_tasks_of_a_batch_are_counted(ledger: Ledger) -> None:
    batch_id = uuid7()
    for _ in range(3):
        await ledger.accept(msgspec.structs.replace(new_task(uuid7()), batch_id=batch_id))

    (row,) = await ask(ledger, "batch_id", batch_id)
    assert (row.status, row.tasks) == ("pending", 3)


async def test_queues_are_counted(ledger: Ledger) -> None:
    (row,) = await ask(ledger, "FROM queue_stat")

    assert (row.queue, row.completed, row.failed, row.cancelled) == ("acme", 1, 1, 0)


async def test_an_orm_reads_the_table_without_our_code(sqlite_url: str) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    ledger = Ledger(sqlite_url)
    await ledger.accept(new_task(GOOD))
    await ledger.close()
    file = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    seen: list[tuple[object, ...]] = []
    names = {"task_id": str(GOOD), "print": lambda *values: seen.append(values)}

    exec(block.replace(".penstock/penstock.db", file) + "\nengine.dispose()", names)

    assert seen == [("pending", 0.0)]


def test_every_statement_of_the_page_is_tested() -> None:
    assert len(STATEMENTS) == 12
