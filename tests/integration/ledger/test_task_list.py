"""Lists of tasks: every filter, page by page, against a filter in Python over the same rows."""

import itertools
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Table, insert

from penstock.ledger import Ledger, Status, TaskFilter, TaskList, TaskSummary, first_id_of
from penstock.ledger.models import ENDED, Task
from tests.integration.ledger.test_ledger import new_task, outcome, started

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PARENT, BATCH = UUID(int=7), UUID(int=8)
# What the start gate and reports of progress write: an index on one would cost each task a write
# to all indexes.
WRITTEN_OFTEN = {
    "status",
    "run",
    "attempts",
    "losses",
    "lease",
    "worker",
    "progress",
    "progress_message",
    "started_at",
    "updated_at",
}


def made_up(number: int, source: random.Random) -> dict[str, Any]:
    """One of 400 rows, a minute apart."""
    moment = NOW + timedelta(minutes=number)
    status = source.choice(list(Status))
    ended = status in ENDED
    code, message = {
        "failed": source.choice(
            [("handler_error", "Upstream said NO, ünlike before"), ("timeout", "after 30 s")]
        ),
        "cancelled": ("cancelled", "no longer needed"),
        "pending": source.choice([(None, None), ("timeout", "after 30 s")]),
    }.get(status.value, (None, None))
    queue = source.choice(["acme", "other", "third"])
    return {
        "id": UUID(int=first_id_of(moment).int + source.getrandbits(60)),
        "type": f"{queue}.{source.choice('ab')}",
        "queue": queue,
        "status": status.value,
        "priority": source.choice([1, 5, 7, 10]),
        "user_id": source.choice([None, None, "ada", "bob"]),
        "input": "{}",
        "result": "1" if status is Status.SUCCESS else None,
        "error_code": code,
        "error_message": message,
        "error_type": None if code is None else "E",
        "max_attempts": 3,
        "created_at": moment,
        "finished_at": moment if ended else None,
        "updated_at": moment,
        "parent_id": source.choice([None, PARENT]),
        "batch_id": source.choice([None, None, BATCH]),
    }


ROWS = [made_up(number, random.Random(number)) for number in range(400)]


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    async with ledger.database.write("fill") as connection:
        await connection.execute(insert(Task), ROWS)
    yield ledger
    await ledger.close()


def fits(row: dict[str, Any], wanted: TaskFilter) -> bool:
    """What :class:`TaskFilter` says, in Python."""
    exact = all(
        getattr(wanted, name) in (None, row[name])
        for name in ("queue", "type", "user_id", "parent_id", "batch_id")
    )
    after, before = wanted.created_after, wanted.created_before
    in_time = (after is None or row["created_at"] >= after) and (
        before is None or row["created_at"] < before
    )
    words = (row["error_code"] or "", row["error_message"] or "")
    has_error = wanted.error is None or any(wanted.error.lower() in each.lower() for each in words)
    return exact and in_time and has_error and Status(row["status"]) in wanted.statuses


def expected(wanted: TaskFilter) -> list[UUID]:
    return sorted((row["id"] for row in ROWS if fits(row, wanted)), reverse=True)


async def pages(tasks: TaskList, wanted: TaskFilter, limit: int) -> list[list[TaskSummary]]:
    """All pages of a list."""
    found, before = [], None
    while True:
        page = await tasks.page(wanted, before=before, limit=limit)
        found.append(page.tasks)
        if page.next is None:
            return found
        assert before is None or page.next < before, "no way forward"
        before = page.next


FILTERS: list[dict[str, Any]] = [
    {},
    *({"status": frozenset({status})} for status in Status),
    {"status": frozenset({Status.FAILED, Status.PENDING})},
    {"queue": "acme"},
    {"queue": "nothing"},
    {"type": "other.a"},
    {"type": "other.a", "queue": "acme"},
    {"user_id": "ada"},
    {"user_id": "ada", "type": "acme.a"},
    {"user_id": "bob", "status": frozenset({Status.CANCELLED})},
    {"user_id": "bob", "status": frozenset({Status.RUNNING}), "queue": "third"},
    {"parent_id": PARENT},
    {"batch_id": BATCH},
    {"batch_id": BATCH, "parent_id": PARENT, "status": frozenset({Status.SUCCESS})},
    {"created_after": NOW + timedelta(minutes=100)},
    {"created_before": NOW + timedelta(minutes=3), "status": frozenset(Status)},
    {
        "created_after": NOW + timedelta(minutes=50),
        "created_before": NOW + timedelta(minutes=250),
        "queue": "acme",
        "status": frozenset({Status.FAILED}),
    },
    {"created_before": datetime(1, 1, 1, tzinfo=UTC)},
    {"created_after": datetime(9999, 1, 1, tzinfo=UTC)},
    {"error": "upstream said no"},
    {"error": "ünlike"},
    {"error": "TIMEOUT"},
    {"error": "no", "queue": "other"},
    {"error": "after", "user_id": "ada"},
    {"error": "after", "status": frozenset({Status.PENDING})},
    {"error": "after", "status": frozenset({Status.SUCCESS})},
    {"error": "100 % absent_"},
]


@pytest.mark.parametrize("most_looked_at", [20_000, 60])
async def test_each_filter_lists_what_fits_newest_first(ledger: Ledger, most_looked_at: int):
    tasks = TaskList(ledger.database, most_looked_at=most_looked_at)
    for fields, limit in itertools.product(FILTERS, [7, 500]):
        wanted = TaskFilter(**fields)

        found = await pages(tasks, wanted, limit)

        assert [task.id for page in found for task in page] == expected(wanted), fields
        assert all(len(page) <= limit for page in found)


async def test_a_page_does_bounded_work_and_says_that_there_is_more(ledger: Ledger):
    wanted = TaskFilter(error="absent")
    before = ledger.database.statements

    found = await pages(TaskList(ledger.database, most_looked_at=40), wanted, 5)
    many = ledger.database.statements - before
    all_at_once = await pages(TaskList(ledger.database), wanted, 5)

    assert (len(found) > 2, len(all_at_once)) == (True, 1)
    assert many <= 8 * len(found)


async def test_a_full_last_page_has_no_next_one(ledger: Ledger):
    wanted = TaskFilter(queue="acme")
    count = len(expected(wanted))

    page = await TaskList(ledger.database).page(wanted, before=None, limit=count)

    assert (len(page.tasks), page.next) == (count, None)


async def test_pages_stay_as_they_are_while_tasks_come_in_and_end(ledger: Ledger):
    tasks, wanted = TaskList(ledger.database), TaskFilter(queue="acme")
    first = await tasks.page(wanted, before=None, limit=10)

    for _ in range(5):
        run = await started(ledger)
        await ledger.record([outcome(run)])
    second = await tasks.page(wanted, before=first.next, limit=10)

    assert [task.id for task in first.tasks + second.tasks] == expected(wanted)[:20]


async def test_a_summary_says_what_the_task_says(ledger: Ledger):
    run = await started(ledger, queue="new", type="new.a", user_id="cleo")
    await ledger.report_progress([(run.id, run.run, 40, "half")])

    (summary,) = (
        await TaskList(ledger.database).page(TaskFilter(user_id="cleo"), before=None, limit=10)
    ).tasks
    task = await ledger.find(run.id)

    assert task is not None
    whole = msgspec.structs.asdict(task)
    del whole["input"], whole["result"]
    assert msgspec.structs.asdict(summary) == whole


async def test_a_retried_task_moves_to_where_it_belongs(ledger: Ledger):
    tasks = TaskList(ledger.database)
    task = new_task(queue="new", type="new.a")
    await ledger.accept(task)
    await ledger.cancel(task.id, reason="no")

    async def ids(status: Status) -> list[UUID]:
        wanted = TaskFilter(queue="new", status=frozenset({status}))
        page = await tasks.page(wanted, before=None, limit=10)
        return [each.id for each in page.tasks]

    assert (await ids(Status.CANCELLED), await ids(Status.PENDING)) == ([task.id], [])
    await ledger.retry(task.id)
    assert (await ids(Status.CANCELLED), await ids(Status.PENDING)) == ([], [task.id])


def test_no_index_mentions_what_is_written_while_a_task_runs():
    table = Task.__table__
    assert isinstance(table, Table)
    assert table.indexes
    for index in table.indexes:
        where = index.dialect_options["postgresql"]["where"]
        words = set(str(where).replace("(", " ").split()) | {each.name for each in index.columns}

        assert not words & WRITTEN_OFTEN, index.name
