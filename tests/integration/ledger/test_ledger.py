"""The ledger's promises, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from penstock import Priority
from penstock.ledger import (
    Accepted,
    Failure,
    Ledger,
    LedgerUnavailableError,
    NewTask,
    Outcome,
    StartedTask,
    Status,
    StoredArtifact,
)
from penstock.ledger.errors import repeated_if_cut
from tests.services import PostgresServer
from tests.services.gate import pass_gate
from tests.services.query_plan import plan_of


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


def new_task(**fields: Any) -> NewTask:
    values: dict[str, Any] = {
        "id": uuid7(),
        "type": "acme.resize",
        "queue": "acme",
        "priority": 5,
        "user_id": None,
        "input": '{"width":  320}',
        "labels": None,
        "max_attempts": 3,
        "created_at": datetime.now(UTC),
        "run_at": None,
    }
    return NewTask(**{**values, **fields})


async def started(ledger: Ledger, **fields: Any) -> StartedTask:
    """A new task that passed the gate."""
    task = new_task(**fields)
    await ledger.accept(task)
    ((run,), refused) = await pass_gate(ledger, task.id)
    assert refused == []
    return run


def outcome(run: StartedTask, status: Status = Status.SUCCESS, **fields: Any) -> Outcome:
    return Outcome(
        id=run.id,
        queue=run.queue,
        run=run.run,
        attempt=run.attempts,
        status=status,
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
        **fields,
    )


async def rows(ledger: Ledger, statement: str) -> list[tuple[Any, ...]]:
    async with ledger.database.read("look") as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_an_accepted_task_is_found_as_it_was_written(ledger: Ledger) -> None:
    run_at = datetime.now(UTC) + timedelta(hours=1)
    task = new_task(user_id="ada", run_at=run_at, input='{"text":"Grüße 🚰","n":5}')
    await ledger.accept(task)

    found = await ledger.find(task.id)
    assert found is not None
    assert (found.status, found.user_id, found.attempts, found.progress) == ("pending", "ada", 0, 0)
    assert bytes(found.input).decode() == task.input
    assert (found.created_at, found.run_at) == (task.created_at, run_at)
    assert await ledger.find(uuid7()) is None


async def test_accepting_a_task_twice_changes_nothing(ledger: Ledger) -> None:
    task = new_task()
    await ledger.accept(task)
    await pass_gate(ledger, task.id)
    await ledger.accept(task)

    found = await ledger.find(task.id)
    assert found is not None
    assert found.status is Status.RUNNING


async def test_tasks_that_arrive_together_share_a_statement(ledger: Ledger) -> None:
    before = ledger.database.statements
    await asyncio.gather(*(ledger.accept(new_task()) for _ in range(500)))

    assert ledger.database.statements - before <= 4
    assert await rows(ledger, "SELECT count(*) FROM task") == [(500,)]


async def test_one_bad_row_among_a_hundred_fails_alone(ledger: Ledger) -> None:
    # No queue at all is what both databases refuse.
    bad = msgspec.structs.replace(new_task(), queue=None)
    answers = await asyncio.gather(
        *(ledger.accept(bad if number == 50 else new_task()) for number in range(100)),
        return_exceptions=True,
    )

    assert [at for at, each in enumerate(answers) if isinstance(each, BaseException)] == [50]
    assert isinstance(answers[50], DBAPIError)
    assert await rows(ledger, "SELECT count(*) FROM task") == [(99,)]


async def test_a_caller_that_goes_away_takes_nobody_with_it(ledger: Ledger) -> None:
    waiting = [asyncio.create_task(ledger.accept(new_task())) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[3].cancel()

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(each) for each in answers].count(asyncio.CancelledError) == 1
    assert [type(each) for each in answers].count(Accepted) == 9


async def test_the_gate_opens_a_run_and_returns_the_input(ledger: Ledger) -> None:
    run = await started(ledger, user_id="ada", labels='{"a":1}')

    assert (run.run, run.attempts, run.losses) == (1, 1, 0)
    assert (run.input, run.labels, run.user_id) == ('{"width":  320}', '{"a":1}', "ada")
    found = await ledger.find(run.id)
    assert found is not None
    assert (found.status, found.started_at) == (Status.RUNNING, run.started_at)


async def test_the_gate_refuses_what_is_finished_not_due_or_unknown(ledger: Ledger) -> None:
    finished = await started(ledger)
    await ledger.record([outcome(finished)])
    later = new_task(run_at=datetime.now(UTC) + timedelta(minutes=1))
    await ledger.accept(later)
    unknown = uuid7()

    opened, refused = await pass_gate(ledger, finished.id, later.id, unknown)

    assert opened == []
    assert {each.id: (each.status, each.run_at) for each in refused} == {
        finished.id: (Status.SUCCESS, None),
        later.id: (Status.PENDING, later.run_at),
        unknown: (None, None),
    }


async def test_a_second_start_is_a_loss_and_fences_the_first_run_off(ledger: Ledger) -> None:
    first = await started(ledger)
    ((second,), _) = await pass_gate(ledger, first.id, worker="other", orphans=True)

    assert (second.run, second.attempts, second.losses) == (2, 1, 1)
    assert await ledger.record([outcome(first, result='"first"')]) == {}
    await ledger.report_progress([(first.id, first.run, 50.0, "first")])
    running = await ledger.find(first.id)
    assert running is not None
    assert (running.progress, running.progress_message) == (0, "")
    assert list(await ledger.record([outcome(second, result='"second"')])) == [(second.id, 2)]

    found = await ledger.find(first.id)
    assert found is not None
    assert bytes(found.result or b"") == b'"second"'


async def test_an_outcome_is_recorded_once_and_counted_once(ledger: Ledger) -> None:
    run = await started(ledger)
    assert await ledger.record([outcome(run, result="5")]) == {(run.id, 1): Status.SUCCESS}
    late = outcome(run, Status.FAILED, error=Failure("late", "late", "Late"))
    assert await ledger.record([late]) == {}

    found = await ledger.find(run.id)
    assert found is not None
    assert (found.status, bytes(found.result or b""), found.error) == ("success", b"5", None)
    assert found.progress == 100
    counts = (await ledger.ended_counts())["acme"]
    assert (counts.completed, counts.failed, counts.cancelled) == (1, 0, 0)
    assert await rows(ledger, "SELECT count(*) FROM task_attempt") == [(0,)]


async def test_failed_attempts_are_kept_with_their_errors(ledger: Ledger) -> None:
    run = await started(ledger)
    first = Failure("handler_error", "boom 1", "RuntimeError")
    due = datetime.now(UTC) - timedelta(seconds=1)
    await ledger.record([outcome(run, Status.PENDING, error=first, traceback="line 1", run_at=due)])
    found = await ledger.find(run.id)
    assert found is not None
    assert (found.status, found.error, found.run_at, found.finished_at) == (
        "pending",
        first,
        due,
        None,
    )

    ((second,), _) = await pass_gate(ledger, run.id)
    assert (second.attempts, second.losses) == (2, 0)
    last = Failure("timeout", "too long", "TimeoutError")
    await ledger.record([outcome(second, Status.FAILED, error=last, traceback="line 2")])

    kept = (
        "SELECT run, attempt, error_code, error_message, traceback FROM task_attempt ORDER BY run"
    )
    assert await rows(ledger, kept) == [
        (1, 1, "handler_error", "boom 1", "line 1"),
        (2, 2, "timeout", "too long", "line 2"),
    ]
    assert (await ledger.ended_counts())["acme"].failed == 1


async def test_a_run_that_does_not_count_gives_its_attempt_back(ledger: Ledger) -> None:
    run = await started(ledger)
    snooze = outcome(run, Status.PENDING, spends_attempt=False)
    for _ in range(2):  # and does not give it back twice
        assert await ledger.record([snooze]) == {(run.id, 1): Status.PENDING}

    ((again,), _) = await pass_gate(ledger, run.id)
    assert (again.run, again.attempts, again.losses) == (2, 1, 0)
    assert await ledger.record([snooze]) == {}


async def test_whoever_did_not_hear_that_an_outcome_was_recorded_hears_it_from_the_next_call(
    ledger: Ledger,
) -> None:
    done, unwanted = await started(ledger), await started(ledger)
    await ledger.cancel(unwanted.id, reason="test")
    both = [outcome(done, result="1"), outcome(unwanted, Status.PENDING)]
    recorded = {(done.id, 1): Status.SUCCESS, (unwanted.id, 1): Status.CANCELLED}

    assert await ledger.record(both) == recorded
    assert await ledger.record(both) == recorded
    # Two processes can take themselves for the same run only if the database was set back.
    assert await ledger.record([outcome(done, result="2")]) == {}
    counts = (await ledger.ended_counts())["acme"]
    assert (counts.completed, counts.cancelled) == (1, 1)


async def test_a_batch_of_outcomes_is_recorded_together(ledger: Ledger) -> None:
    runs = [await started(ledger, queue=queue) for queue in ("acme", "other", "acme", "acme")]
    failure = Failure("c", "m", "t")
    await ledger.record(
        [
            outcome(runs[0], result="1"),
            outcome(runs[1], result="2"),
            outcome(runs[2], Status.FAILED, error=failure),
            outcome(runs[3], Status.CANCELLED),
        ]
    )

    counts = await ledger.ended_counts()
    assert (counts["acme"].completed, counts["acme"].failed, counts["acme"].cancelled) == (1, 1, 1)
    assert counts["other"].completed == 1


async def test_progress_shows_while_it_runs(ledger: Ledger) -> None:
    run = await started(ledger)
    await ledger.report_progress([(run.id, run.run, 62.5, "frame 5 of 8")])

    found = await ledger.find(run.id)
    assert found is not None
    assert (found.progress, found.progress_message) == (62.5, "frame 5 of 8")


@pytest.mark.parametrize(
    ("status", "message"), [(Status.SUCCESS, ""), (Status.FAILED, "frame 5 of 8")]
)
async def test_what_a_task_was_doing_last_is_kept_if_it_failed(
    ledger: Ledger, status: Status, message: str
) -> None:
    run = await started(ledger)
    await ledger.report_progress([(run.id, run.run, 62.5, "frame 5 of 8")])

    await ledger.record([outcome(run, status)])

    found = await ledger.find(run.id)
    assert found is not None
    assert found.progress_message == message


async def test_open_rows_are_walked_in_pages(ledger: Ledger) -> None:
    tasks = [new_task(priority=priority) for priority in (5, 5, 10, 1, 5)]
    await ledger.accept_all(tasks)
    ((run,), _) = await pass_gate(ledger, tasks[1].id)
    await ledger.record([outcome(run)])

    seen: list[UUID] = []
    after = (0, UUID(int=0))
    while page := await ledger.open_tasks("acme", after=after, limit=2):
        assert len(page) <= 2
        seen += [each.id for each in page]
        after = (page[-1].priority, page[-1].id)
    assert seen == [tasks[each].id for each in (3, 0, 4, 2)]

    only = await ledger.open_tasks("acme", after=(5, UUID(int=0)), limit=9, priority=5)
    assert [each.id for each in only] == [tasks[0].id, tasks[4].id]
    assert [each.id for each in await ledger.still_open([run.id, tasks[0].id])] == [tasks[0].id]


async def test_open_rows_between_two_moments_are_found_by_their_ids(ledger: Ledger) -> None:
    urgent, normal = Priority.URGENT.value, Priority.NORMAL.value
    tasks = [
        new_task(queue=queue, priority=priority)
        for queue, priority in (
            *(("acme", normal), ("acme", normal), ("other", normal)),
            *(("acme", urgent), ("acme", normal), ("acme", normal)),
        )
    ]
    await ledger.accept_all(tasks)
    await pass_gate(ledger, tasks[1].id)

    for limit in (1, 2, 9):
        found = await ledger.open_tasks_between(
            "acme", after=tasks[0].id, until=tasks[4].id, limit=limit
        )
        expected = [(tasks[1].id, 1), (tasks[3].id, 0), (tasks[4].id, 0)]
        assert [(each.id, each.run) for each in found] == expected[:limit]


async def test_a_page_of_open_rows_is_read_where_it_is_in_order(ledger: Ledger) -> None:
    page = ledger.open_tasks_between("acme", after=UUID(int=0), until=UUID(int=1), limit=1000)
    plan = await plan_of(ledger.database, page, verb="SELECT")
    assert plan.count("ix_task_open_order") == len(Priority)
    assert "pk_task" not in plan


async def test_artifacts_are_found_by_their_id(ledger: Ledger) -> None:
    run = await started(ledger)
    artifact = StoredArtifact(
        id=uuid7(),
        task_id=run.id,
        name="a.pdf",
        content_type="application/pdf",
        size=1 << 40,
        sha256="0" * 64,
    )
    await ledger.add_artifact(artifact)

    assert await ledger.find_artifact(artifact.id) == artifact
    assert await ledger.find_artifact(uuid7()) is None


def file_of(task: NewTask, **fields: Any) -> StoredArtifact:
    values: dict[str, Any] = {
        "id": uuid7(),
        "task_id": task.id,
        "name": "Straße.pdf",
        "content_type": "application/pdf",
        "size": 1 << 40,
        "sha256": "0" * 64,
    }
    return StoredArtifact(**{**values, **fields})


def with_files(count: int, **fields: Any) -> NewTask:
    task = new_task()
    files = tuple(file_of(task, **fields) for _ in range(count))
    return msgspec.structs.replace(task, files=files)


async def test_a_task_and_its_files_are_written_together_and_only_once(ledger: Ledger) -> None:
    task = with_files(2)
    for _ in range(2):
        await ledger.accept(task)

    assert [await ledger.find_artifact(each.id) for each in task.files] == list(task.files)
    assert await rows(ledger, "SELECT count(*) FROM artifact") == [(2,)]
    assert await rows(ledger, "SELECT count(*) FROM artifact WHERE created_at IS NULL") == [(0,)]


async def test_files_cost_one_statement_a_batch_and_nothing_where_there_are_none(
    ledger: Ledger,
) -> None:
    async def statements(tasks: list[NewTask]) -> int:
        before = ledger.database.statements
        await ledger.accept_all(tasks)
        return ledger.database.statements - before

    await ledger.ping()
    plain = await statements([new_task() for _ in range(10)])
    mixed = await statements([new_task(), *(with_files(3) for _ in range(10))])

    assert mixed - plain == 1
    assert await rows(ledger, "SELECT count(*) FROM artifact") == [(30,)]


async def test_a_file_that_is_refused_takes_its_task_along_and_no_other(ledger: Ledger) -> None:
    # No name at all is what both databases refuse.
    bad = with_files(1, name=None)
    answers = await asyncio.gather(
        *(ledger.accept(bad if number == 7 else with_files(1)) for number in range(20)),
        return_exceptions=True,
    )

    assert [at for at, each in enumerate(answers) if isinstance(each, BaseException)] == [7]
    assert isinstance(answers[7], DBAPIError)
    assert await ledger.find(bad.id) is None
    assert await rows(ledger, "SELECT count(*) FROM task") == [(19,)]
    assert await rows(ledger, "SELECT count(*) FROM artifact") == [(19,)]


async def test_concurrent_writers_of_one_queue_lose_no_count(database_url: str) -> None:
    ledgers = [Ledger(database_url, shard=shard) for shard in (0, 0, 1)]
    try:

        async def run_some(ledger: Ledger) -> None:
            for _ in range(10):
                run = await started(ledger)
                await ledger.record([outcome(run)])

        await asyncio.gather(*(run_some(each) for each in ledgers))
        assert (await ledgers[0].ended_counts())["acme"].completed == 30
    finally:
        for each in ledgers:
            await each.close()


async def test_a_database_that_is_away_is_one_clear_error(free_port: int) -> None:
    ledger = Ledger(f"postgresql+asyncpg://nobody@127.0.0.1:{free_port}/none")
    for call in (ledger.ping(), ledger.accept(new_task()), ledger.find(uuid7())):
        with pytest.raises(LedgerUnavailableError, match="the database could not"):
            await call
    await ledger.close()


async def test_connections_that_the_database_cut_are_replaced_before_anybody_notices(
    postgresql_url: str, postgres_server: PostgresServer
) -> None:
    ledger = Ledger(postgresql_url)
    run = await started(ledger)
    await asyncio.gather(*(ledger.find(run.id) for _ in range(5)))  # several connections
    calls = [
        lambda: ledger.accept(new_task()),
        lambda: ledger.find(run.id),
        lambda: ledger.record([outcome(run)]),
    ]
    for call in calls:
        postgres_server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{postgresql_url.rpartition('/')[2]}'"
        )
        await call()

    assert (await ledger.ended_counts())["acme"].completed == 1
    await ledger.close()


@pytest.mark.parametrize(
    ("cut", "fails", "tries"), [(True, 2, 3), (True, 100, 4), (False, 100, 1)], ids=str
)
async def test_a_call_is_repeated_as_long_as_connections_turn_out_to_be_cut(
    *, cut: bool, fails: int, tries: int
) -> None:
    tried = 0

    @repeated_if_cut
    async def call() -> None:
        nonlocal tried
        tried += 1
        if tried <= fails:
            raise LedgerUnavailableError("the database could not", cut=cut)

    with suppress(LedgerUnavailableError):
        await call()

    assert tried == tries


async def test_the_provider_of_a_task_and_its_estimate_are_kept(ledger: Ledger) -> None:
    paid = await started(ledger, provider="openai", units=1200)
    free = await started(ledger)

    found = await ledger.find(paid.id)
    assert found is not None
    assert found.provider == "openai"
    assert (paid.provider, paid.units, free.provider, free.units) == ("openai", 1200, None, None)
    assert await ledger.estimates([paid.id, free.id]) == {paid.id: 1200, free.id: 1}


async def test_queues_with_open_tasks_are_found_whoever_declares_them(ledger: Ledger) -> None:
    assert await ledger.open_queues() == []
    for queue in ("b", "a", "b", "c"):
        await ledger.accept(new_task(queue=queue))
    ended = await started(ledger, queue="d")
    await ledger.record([outcome(ended)])

    assert await ledger.open_queues() == ["a", "b", "c"]


async def test_on_postgresql_a_start_is_written_to_no_index(postgresql_url: str) -> None:
    ledger = Ledger(postgresql_url)
    tasks = [new_task(user_id=f"user-{number % 10}") for number in range(500)]
    await asyncio.gather(*(ledger.accept(each) for each in tasks))
    for first in range(0, 500, 50):
        await pass_gate(ledger, *(each.id for each in tasks[first : first + 50]))
    # What a session did is counted when it ends.
    await ledger.close()

    ledger = Ledger(postgresql_url)
    statement = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'task'"
    counted = await rows(ledger, statement)
    async with asyncio.timeout(30):
        while counted[0][0] < len(tasks):
            await asyncio.sleep(0.05)
            counted = await rows(ledger, statement)
    await ledger.close()

    assert counted == [(500, 500)]
