"""Batches over a real Redis and both databases: counted, sealed, finished once, cancelled."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, event, text, update
from uuid_utils.compat import uuid7

from penstock import BatchSummary
from penstock.broker.gate import StartGate
from penstock.dispatch import (
    AbandonedBatches,
    BatchPartError,
    BatchSealedError,
    BatchSubmission,
    CallbackSubmission,
    QueueFullError,
    Submission,
)
from penstock.dispatch.derived_id import derived_id
from penstock.dispatch.submission import RequestKey
from penstock.engine import Entry, Lease
from penstock.ledger import BatchRecord, IdempotencyKey, NewTask, Outcome, StatusCounts, TaskRecord
from penstock.ledger.models import BatchRow, Task
from penstock.ledger.records import Failure, Status
from tests.integration.dispatch.conftest import ACME, Build, Installation, until
from tests.services.gate import pass_gate
from tests.services.query_plan import plan_of

RESIZE = b'{"source": "a.png"}'


def batch_of(count: int, **fields: object) -> BatchSubmission:
    return BatchSubmission(tasks=[Submission("acme.resize", RESIZE)] * count, **fields)  # type: ignore[arg-type]


WITH_SUMMARY = CallbackSubmission("other.report")
WITH_INPUT = CallbackSubmission("acme.resize", b'{"source": "done.png"}')


@pytest.fixture
async def installation(build: Build) -> Installation:
    """One whose queues have an index, so that nothing waits to be handed over at the end."""
    installation = build()
    for queue in installation.catalogue.queues:
        await installation.builder.build(queue)
    return installation


async def tasks_of(installation: Installation, batch_id: UUID) -> list[UUID]:
    async with installation.ledger.database.read("test") as connection:
        found = await connection.execute(text("SELECT id, batch_id FROM task ORDER BY id"))
        rows = [(UUID(str(row.id)), str(row.batch_id)) for row in found]
    return [task_id for task_id, batch in rows if batch == str(batch_id)]


async def end(installation: Installation, ids: list[UUID], status: Status = Status.SUCCESS) -> None:
    """Run tasks, and record their outcome; nobody is told of it."""
    started, _ = await pass_gate(installation.ledger, *ids)
    failed = status is Status.FAILED
    await installation.ledger.record(
        [
            Outcome(
                id=each.id,
                queue=each.queue,
                run=each.run,
                attempt=each.attempts,
                status=status,
                result=None if failed else "null",
                error=Failure("handler_error", "no", "") if failed else None,
                started_at=each.started_at,
                finished_at=datetime.now(UTC),
            )
            for each in started
        ]
    )


async def callback_of(installation: Installation, batch: BatchRecord) -> TaskRecord | None:
    return await installation.dispatch.find(derived_id(batch.id, "callback"))


async def found(installation: Installation, batch_id: UUID) -> BatchRecord:
    batch = await installation.dispatch.batches.find(batch_id)
    assert batch is not None
    return batch


async def test_a_batch_is_counted_finished_and_followed_by_its_callback(
    installation: Installation,
) -> None:
    wanted = batch_of(4, callback=WITH_SUMMARY, name="pictures", user_id="ada")
    batch = await installation.dispatch.batches.submit(wanted, by="test")
    assert (batch.total, batch.counts, batch.progress) == (4, StatusCounts(pending=4), 0)
    ids = await tasks_of(installation, batch.id)

    await end(installation, ids[:1])
    await end(installation, ids[1:2], Status.FAILED)
    await pass_gate(installation.ledger, ids[2])
    await installation.ledger.report_progress([(ids[2], 1, 60.0, "")])
    batch = await found(installation, batch.id)
    assert batch.counts == StatusCounts(pending=1, running=1, success=1, failed=1)
    assert batch.progress == pytest.approx((100 + 100 + 60) / 4)
    await installation.dispatch.completion.finish([batch.id])
    assert await callback_of(installation, batch) is None

    await installation.ledger.cancel(ids[3], reason="test")
    (running,) = (await pass_gate(installation.ledger, ids[2], orphans=True))[0]
    await installation.ledger.record(
        [
            Outcome(
                id=ids[2],
                queue="acme",
                run=running.run,
                attempt=1,
                status=Status.SUCCESS,
                result="null",
                started_at=running.started_at,
                finished_at=datetime.now(UTC),
            )
        ]
    )
    await installation.dispatch.completion.finish([batch.id])

    batch = await found(installation, batch.id)
    assert batch.finished_at is not None
    assert (batch.progress, batch.counts) == (
        100,
        StatusCounts(success=2, failed=1, cancelled=1),
    )
    callback = await callback_of(installation, batch)
    assert callback is not None
    assert batch.callback_task_id == callback.id
    assert (callback.type, callback.user_id, callback.queue) == ("other.report", "ada", "other")
    assert msgspec.json.decode(callback.input, type=BatchSummary) == BatchSummary(
        id=batch.id, name="pictures", total=4, success=2, failed=1, cancelled=1
    )


async def test_many_who_finish_a_batch_at_once_make_one_callback(build: Build) -> None:
    installations = [build() for _ in range(3)]
    first = installations[0]
    handed_over: list[NewTask] = []
    for each in installations:
        each.dispatch.completion._hand_over = handed_over.append
    for _ in range(5):
        batch = await first.dispatch.batches.submit(batch_of(3, callback=WITH_INPUT), by="test")
        ids = await tasks_of(first, batch.id)
        await asyncio.gather(
            *(
                _end_and_look(installation, task_id, batch.id)
                for installation, task_id in zip(installations, ids, strict=True)
            )
        )
        assert (await found(first, batch.id)).finished_at is not None
        assert [each.id for each in handed_over] == [derived_id(batch.id, "callback")]
        handed_over.clear()


async def _end_and_look(installation: Installation, task_id: UUID, batch_id: UUID) -> None:
    await end(installation, [task_id])
    await asyncio.gather(*(installation.dispatch.completion.finish([batch_id]) for _ in range(3)))


async def test_ends_that_come_while_one_looks_share_the_next_look(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.dispatch.batch_completion._PATIENCE", 30)
    batch = await installation.dispatch.batches.submit(batch_of(2), by="test")
    completion, database = installation.dispatch.completion, installation.ledger.database
    await completion.finish([batch.id])
    before = database.statements
    await completion.finish([batch.id])
    one_look = database.statements - before

    for _ in range(100):
        completion.look([batch.id])
    await asyncio.sleep(0)  # the first look is under way
    for _ in range(100):
        completion.look([batch.id])
    await completion.close()

    assert database.statements - before == 3 * one_look


async def test_what_a_process_that_died_has_left_is_finished_by_the_reconciler(
    installation: Installation,
) -> None:
    batches = [
        await installation.dispatch.batches.submit(batch_of(1, callback=WITH_INPUT), by="test")
        for _ in range(2)
    ]
    await end(installation, await tasks_of(installation, batches[0].id))
    installation.reconciler.start()

    await until(lambda: callback_of(installation, batches[0]))

    assert (await found(installation, batches[0].id)).finished_at is not None
    assert (await found(installation, batches[1].id)).finished_at is None


async def test_a_batch_grows_until_it_is_sealed(installation: Installation) -> None:
    batches = installation.dispatch.batches
    batch = await batches.submit(batch_of(1, sealed=False, callback=WITH_INPUT), by="test")
    await end(installation, await tasks_of(installation, batch.id))
    await installation.dispatch.completion.finish([batch.id])
    assert (await found(installation, batch.id)).finished_at is None

    grown = await batches.add(batch.id, batch_of(2).tasks)
    assert grown is not None
    assert (grown.total, grown.counts) == (3, StatusCounts(pending=2, success=1))
    sealed = await batches.seal(batch.id)
    assert sealed is not None
    assert (sealed.sealed_at is not None, sealed.finished_at) == (True, None)
    with pytest.raises(BatchSealedError, match="takes no more tasks"):
        await batches.add(batch.id, batch_of(1).tasks)
    assert await batches.seal(batch.id) == sealed

    await end(installation, (await tasks_of(installation, batch.id))[1:])
    await installation.dispatch.completion.finish([batch.id])
    assert (await found(installation, batch.id)).finished_at is not None


async def test_to_add_a_task_those_before_it_are_counted_once(installation: Installation) -> None:
    batches = installation.dispatch.batches
    batch = await batches.submit(batch_of(1, sealed=False), by="ada")
    sent: list[str] = []
    event.listen(
        installation.ledger.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: sent.append(statement),
    )

    await batches.add(batch.id, batch_of(1).tasks)

    assert await batches.has_finished(batch.id) is False
    assert sum("count(" in each and "batch_id" in each for each in sent) == 1
    assert await batches.has_finished(uuid7()) is None


async def test_whoever_adds_comes_before_or_after_whoever_seals(build: Build) -> None:
    one, other = build(), build()
    for _ in range(10):
        batch = await one.dispatch.batches.submit(batch_of(0, sealed=False), by="test")
        added, _ = await asyncio.gather(
            one.dispatch.batches.add(batch.id, batch_of(1).tasks),
            other.dispatch.batches.seal(batch.id),
            return_exceptions=True,
        )
        after = await found(one, batch.id)
        if isinstance(added, BatchSealedError):
            assert (after.total, after.finished_at is not None) == (0, True)
        else:
            assert (after.total, after.finished_at) == (1, None)


async def test_a_batch_without_tasks_is_finished_as_soon_as_it_is_sealed(
    installation: Installation,
) -> None:
    batch = await installation.dispatch.batches.submit(
        batch_of(0, callback=WITH_SUMMARY), by="test"
    )

    assert (batch.total, batch.progress, batch.finished_at is not None) == (0, 100, True)
    assert await callback_of(installation, batch) is not None


async def test_a_commit_that_was_not_answered_may_be_repeated(installation: Installation) -> None:
    table = installation.ledger.batches
    batches = installation.dispatch.batches
    batch = await batches.submit(batch_of(0, sealed=False), by="test")
    tasks = batches._prepared(batch_of(3).tasks, batch.id, None)

    assert await table.add(batch.id, tasks)
    await table.seal(batch.id)
    assert await table.add(batch.id, tasks)

    after = await found(installation, batch.id)
    assert (after.total, after.counts.pending) == (3, 3)


async def test_two_requests_with_one_key_that_come_together_put_each_task_in_line_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = installation.dispatch.batches
    enqueue, handed = installation.engine.enqueue, set[UUID]()

    async def note(queue: str, entries: Sequence[Entry], **options: Any) -> int:
        handed.update(each.member.id for each in entries)
        return await enqueue(queue, entries, **options)

    monkeypatch.setattr(installation.engine, "enqueue", note)
    # Neither knows of the other before both have begun.
    both = asyncio.Barrier(2)
    holder = batches._keyed.holder

    async def look(claim: IdempotencyKey) -> UUID | None:
        found = await holder(claim)
        await both.wait()
        return found

    monkeypatch.setattr(batches._keyed, "holder", look)
    key = RequestKey("ada", "k-1", "0" * 64)

    async with asyncio.timeout(30):
        first, second = await asyncio.gather(
            *(batches.submit(batch_of(3), by="ada", key=key) for _ in range(2))
        )

    async def all_handed_over() -> bool:
        return len(handed) >= 3

    await until(all_handed_over)
    await installation.dispatch.close()

    assert first.id == second.id
    assert handed == set(await tasks_of(installation, first.id))


async def test_a_part_that_does_not_fit_refuses_all_and_is_named(
    installation: Installation,
) -> None:
    batches = installation.dispatch.batches
    good = Submission("acme.resize", RESIZE)
    for wanted, words in [
        (BatchSubmission(tasks=[good, Submission("acme.resize", b"{}")]), r"tasks\[1\] \(acme"),
        (batch_of(1, callback=CallbackSubmission("acme.resize", b"{}")), r"callback \(acme"),
        # It takes something else than a summary.
        (batch_of(1, callback=CallbackSubmission("acme.resize")), "missing required field"),
        (batch_of(1, callback=CallbackSubmission("acme.rezise", b"1")), "did you mean"),
    ]:
        with pytest.raises(BatchPartError, match=words):
            await batches.submit(wanted, by="test")
    assert (await batches.page(before=None, limit=10)).batches == []
    assert (await installation.ledger.count_pending("acme", most=10)) == 0


async def test_a_batch_that_does_not_fit_into_its_queue_is_refused_whole(build: Build) -> None:
    installation = build(tuning={"acme": {"max_waiting": 3}})

    with pytest.raises(QueueFullError):
        await installation.dispatch.batches.submit(batch_of(4), by="test")

    assert (await installation.ledger.count_pending("acme", most=10)) == 0
    batch = await installation.dispatch.batches.submit(batch_of(3), by="test")
    assert batch.total == 3


async def test_cancelling_ends_what_waits_tells_what_runs_and_keeps_the_callback_back(
    installation: Installation,
) -> None:
    several = [
        *batch_of(3).tasks,
        Submission("other.total", b"[1]"),
        Submission("acme.resize", RESIZE, delay=timedelta(hours=1)),
    ]
    wanted = BatchSubmission(tasks=several, callback=WITH_INPUT, sealed=False)
    batch = await installation.dispatch.batches.submit(wanted, by="test")
    ids = await tasks_of(installation, batch.id)
    await end(installation, ids[:1])
    (running,) = (await pass_gate(installation.ledger, ids[1]))[0]
    await until(lambda: _has(installation, waiting=3))

    cancelled = await installation.dispatch.batches.cancel(batch.id, reason="a typo")

    assert cancelled is not None
    assert cancelled.counts == StatusCounts(running=1, success=1, cancelled=3)
    assert (cancelled.cancelled_at is not None, cancelled.sealed_at is not None) == (True, True)
    assert cancelled.finished_at is None
    wishes = await installation.ledger.cancel_wishes(ids[:2])
    assert {task_id: each.reason for task_id, each in wishes.items()} == {ids[1]: "a typo"}
    await until(lambda: _has(installation, waiting=2, delayed=0))

    await installation.ledger.record(
        [
            Outcome(
                id=running.id,
                queue="acme",
                run=1,
                attempt=1,
                status=Status.CANCELLED,
                error=Failure("cancelled", "a typo", ""),
                started_at=running.started_at,
                finished_at=datetime.now(UTC),
            )
        ]
    )
    await installation.dispatch.completion.finish([batch.id])
    after = await found(installation, batch.id)
    assert (after.finished_at is not None, after.callback_task_id) == (True, None)
    assert await callback_of(installation, batch) is None
    counts = (await installation.ledger.ended_counts())["other"]
    assert counts.cancelled == 1


async def _has(installation: Installation, **expected: int) -> bool:
    counts = await installation.counts()
    return all(getattr(counts, name) == value for name, value in expected.items())


async def test_the_last_task_that_is_cancelled_while_it_waits_finishes_its_batch(
    installation: Installation,
) -> None:
    batch = await installation.dispatch.batches.submit(batch_of(1, callback=WITH_INPUT), by="test")
    (task_id,) = await tasks_of(installation, batch.id)

    await installation.dispatch.cancel(task_id, reason="test")

    await until(lambda: callback_of(installation, batch))


async def test_tasks_that_are_purged_finish_their_batch(installation: Installation) -> None:
    batch = await installation.dispatch.batches.submit(batch_of(2, callback=WITH_INPUT), by="test")

    await installation.queue_control.purge("acme", by="test")

    await until(lambda: callback_of(installation, batch))


async def overdue(installation: Installation) -> BatchRecord:
    batch = await installation.dispatch.batches.submit(batch_of(1, callback=WITH_INPUT), by="test")
    passed = datetime.now(UTC) - timedelta(seconds=1)
    async with installation.ledger.database.write("let time pass") as connection:
        statement = update(Task).where(Task.batch_id == batch.id).values(deadline=passed)
        await connection.execute(statement)
    return batch


async def test_a_task_that_the_audit_finds_too_late_finishes_its_batch(
    installation: Installation,
) -> None:
    batch = await overdue(installation)

    assert await installation.audit.overdue() == 1

    await until(lambda: callback_of(installation, batch))


async def test_a_task_that_the_start_gate_finds_too_late_finishes_its_batch(
    installation: Installation,
) -> None:
    batch = await overdue(installation)
    leases: list[Lease] = []

    async def claimed() -> bool:
        leases.extend((await installation.engine.claim(ACME, 1)).leases)
        return bool(leases)

    await until(claimed)
    gate = StartGate(
        installation.ledger,
        worker="test",
        give_up=lambda: False,
        batch_changed=installation.dispatch.completion.look,
    )

    deliveries, _ = await gate.open(leases)

    assert deliveries == []
    await until(lambda: callback_of(installation, batch))


async def test_a_task_that_is_retried_later_changes_the_counts_and_nothing_else(
    installation: Installation,
) -> None:
    batch = await installation.dispatch.batches.submit(batch_of(1, callback=WITH_INPUT), by="test")
    ids = await tasks_of(installation, batch.id)
    await end(installation, ids, Status.FAILED)
    await installation.dispatch.completion.finish([batch.id])
    before = await found(installation, batch.id)
    callback = await callback_of(installation, batch)
    assert callback is not None
    await end(installation, [callback.id])

    await installation.dispatch.retry(ids[0])
    await end(installation, ids)
    await installation.dispatch.completion.finish([batch.id])

    after = await found(installation, batch.id)
    assert (after.finished_at, after.counts) == (before.finished_at, StatusCounts(success=1))
    again = await callback_of(installation, batch)
    assert again is not None
    assert again.status is Status.SUCCESS


async def test_batches_are_listed_newest_first_in_pages(installation: Installation) -> None:
    batches = installation.dispatch.batches
    made = [(await batches.submit(batch_of(n), by="test")).id for n in range(5)]

    first = await batches.page(before=None, limit=3)
    rest = await batches.page(before=first.next, limit=3)

    assert (first.next, rest.next) == (made[2], None)
    found = [*first.batches, *rest.batches]
    assert [each.id for each in found] == made[::-1]
    assert [each.counts.pending for each in found] == [4, 3, 2, 1, 0]


async def test_a_page_counts_a_bounded_number_of_tasks(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.ledger.batch_table._MOST_COUNTED", 4)
    batches = installation.dispatch.batches
    for size in (3, 1, 5, 2):
        await batches.submit(batch_of(size), by="test")

    pages, before = [], None
    while True:
        page = await batches.page(before=before, limit=3)
        pages.append([each.total for each in page.batches])
        before = page.next
        if before is None:
            break

    assert pages == [[2], [5], [1, 3]]


async def test_a_batch_that_nobody_adds_to_or_seals_is_sealed_and_finishes(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    batches, completion = installation.dispatch.batches, installation.dispatch.completion
    old, grown, young = [
        (await batches.submit(batch_of(size, sealed=False, callback=WITH_INPUT), by="test")).id
        for size in (1, 1, 0)
    ]
    ids = await tasks_of(installation, old)
    week = timedelta(days=7)
    async with installation.ledger.database.write("make them old") as connection:
        for batch_id in (old, grown):
            aged = UUID(int=batch_id.int - (int(week.total_seconds() * 1000) + 1000 << 80))
            change = update(BatchRow).where(BatchRow.id == batch_id).values(id=aged)
            await connection.execute(change)
            # Of the other one, the task came a moment ago.
            of_task = {"batch_id": aged}
            if batch_id == old:
                ids = [UUID(int=aged.int + 1)]
                of_task["id"] = ids[0]
            await connection.execute(update(Task).where(Task.batch_id == batch_id).values(of_task))
            old, grown = (aged, grown) if batch_id == old else (old, aged)
    never = AbandonedBatches(installation.ledger, completion=completion, after=None)
    abandoned = AbandonedBatches(installation.ledger, completion=completion, after=week)

    assert await never.seal() == 0
    assert await abandoned.seal() == 1
    assert await abandoned.seal() == 0

    assert f"batch {old} is sealed: nobody has" in caplog.text
    states = [(await found(installation, each)).sealed_at is not None for each in (old, grown)]
    assert (states, (await found(installation, young)).sealed_at) == ([True, False], None)
    assert (await found(installation, old)).finished_at is None
    await end(installation, ids)
    await completion.finish([old])
    assert await callback_of(installation, await found(installation, old)) is not None


async def test_a_batch_that_is_sealed_late_and_has_ended_finishes_at_once(
    installation: Installation,
) -> None:
    batch = await installation.dispatch.batches.submit(batch_of(0, sealed=False), by="test")
    later = timedelta(seconds=-5)

    abandoned = AbandonedBatches(
        installation.ledger, completion=installation.dispatch.completion, after=later
    )

    assert await abandoned.seal() == 1
    assert (await found(installation, batch.id)).finished_at is not None


async def test_what_is_not_there_is_nothing(installation: Installation) -> None:
    batches, unknown = installation.dispatch.batches, uuid7()
    assert await batches.find(unknown) is None
    assert await batches.seal(unknown) is None
    assert await batches.add(unknown, batch_of(1).tasks) is None
    assert await batches.cancel(unknown, reason="test") is None


@pytest.mark.parametrize("page", [1, 1000])
async def test_the_reconciler_walks_over_all_unfinished_batches(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("penstock.dispatch.batch_completion._PAGE", page)
    batches = [await installation.dispatch.batches.submit(batch_of(1), by="test") for _ in range(3)]
    # The first one goes on, and keeps no other from being seen.
    for each in batches[1:]:
        await end(installation, await tasks_of(installation, each.id))

    for _ in range(4):
        await installation.dispatch.completion.audit()

    for each in batches[1:]:
        assert (await found(installation, each.id)).finished_at is not None
    assert (await found(installation, batches[0].id)).finished_at is None


async def test_batches_that_are_old_are_found_by_an_index(installation: Installation) -> None:
    table = installation.ledger.batches
    plan = await plan_of(installation.ledger.database, table.forget_ended(), verb="DELETE")
    assert "ix_batch_finished" in plan


async def test_a_batch_is_forgotten_a_day_after_its_end_once_its_tasks_are(
    installation: Installation,
) -> None:
    batches = installation.dispatch.batches
    empty, old, kept = [(await batches.submit(batch_of(n), by="ada")).id for n in (0, 1, 1)]
    for batch_id in (old, kept):
        await end(installation, await tasks_of(installation, batch_id))
        await installation.dispatch.completion.finish([batch_id])
    table = installation.ledger.batches
    assert await table.forget_ended() == 0

    async with installation.ledger.database.write("test") as connection:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        await connection.execute(update(BatchRow).values(finished_at=yesterday))
        await connection.execute(delete(Task).where(Task.batch_id == old))

    assert await table.forget_ended() == 2
    assert [await batches.find(each) is None for each in (empty, old, kept)] == [True, True, False]
