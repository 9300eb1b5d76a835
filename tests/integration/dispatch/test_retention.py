"""What is kept no longer is removed, with all that belongs to it, and nothing else is."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from uuid_utils.compat import uuid7

from penstock.dispatch import ArtifactStore, Pruner, Retention
from penstock.ledger import Checkpoint, Failure, Ledger, NewTask, Status
from penstock.ledger.models import BatchRow
from penstock.ledger.pruning import Pruning
from penstock.ledger.types import first_id_of
from penstock.storage import ObjectStorage
from tests.integration.ledger.test_ledger import new_task, outcome, rows
from tests.services.gate import pass_gate

DAY = timedelta(days=1)
KEEP = {Status.SUCCESS: 7 * DAY, Status.FAILED: 30 * DAY, Status.CANCELLED: None}


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


@pytest.fixture
def store(ledger: Ledger, tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(ledger=ledger, storage=ObjectStorage(tmp_path / "artifacts"))


@pytest.fixture
def retention(ledger: Ledger, store: ArtifactStore) -> Retention:
    return Retention(ledger=ledger, artifacts=store, keep=KEEP)


def old_task(age: timedelta, **fields: object) -> NewTask:
    moment = datetime.now(UTC) - age
    task_id = UUID(int=first_id_of(moment).int + secrets.randbits(60))
    return new_task(id=task_id, created_at=moment, **fields)


async def ended(
    ledger: Ledger,
    age: timedelta,
    status: Status = Status.SUCCESS,
    *,
    created: timedelta | None = None,
    **fields: object,
) -> UUID:
    """A task that ended so long ago, and was created then, or before."""
    task = old_task(created or age, **fields)
    await ledger.accept(task)
    if status is Status.CANCELLED:
        await ledger.cancel(task.id, reason="no")
    else:
        ((run,), _) = await pass_gate(ledger, task.id)
        error = None if status is Status.SUCCESS else Failure("boom", "it broke", "E")
        await ledger.record([outcome(run, status, error=error)])
    sqlite = ledger.database.dialect == "sqlite"
    moment = datetime.now(UTC) - age
    async with ledger.database.write("make it old") as connection:
        await connection.execute(
            text("UPDATE task SET finished_at = :moment WHERE id = :id"),
            {
                "moment": moment.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else moment,
                "id": str(task.id) if sqlite else task.id,
            },
        )
    return task.id


async def prune(retention: Retention, *, dry: bool = False) -> Counter[Status]:
    gone: Counter[Status] = Counter()
    async for status, tasks in retention.prune(dry=dry):
        gone[status] += tasks
    return +gone


async def left(ledger: Ledger) -> set[UUID]:
    return {UUID(str(row[0])) for row in await rows(ledger, "SELECT id FROM task")}


async def test_each_status_is_kept_for_its_own_time(ledger: Ledger, retention: Retention):
    gone = [
        await ended(ledger, 8 * DAY),
        await ended(ledger, 31 * DAY, Status.FAILED),
        await ended(ledger, 400 * DAY),
    ]
    kept = {
        await ended(ledger, 6 * DAY),
        await ended(ledger, 8 * DAY, Status.FAILED),
        await ended(ledger, 400 * DAY, Status.CANCELLED),
        # It waited long, and ended yesterday.
        await ended(ledger, DAY, created=90 * DAY),
    }

    expected = Counter({Status.SUCCESS: 2, Status.FAILED: 1})
    assert await prune(retention, dry=True) == expected
    assert await left(ledger) == kept | set(gone)
    assert await prune(retention) == expected
    assert await left(ledger) == kept
    assert await prune(retention) == Counter()


async def test_open_tasks_stay_however_old(ledger: Ledger, retention: Retention):
    waiting, running = old_task(400 * DAY), old_task(400 * DAY)
    await ledger.accept_all([waiting, running])
    await pass_gate(ledger, running.id)

    assert await prune(retention) == Counter()
    assert await left(ledger) == {waiting.id, running.id}


async def test_a_task_goes_with_all_that_belongs_to_it(
    ledger: Ledger, retention: Retention, store: ArtifactStore, tmp_path: Path
):
    kept = await ended(ledger, DAY)
    gone = await ended(ledger, 40 * DAY, Status.FAILED)
    await store.put(kept, "kept.txt", b"kept", content_type="text/plain")
    await store.put(gone, "gone.txt", b"gone", content_type="text/plain")
    run = (await rows(ledger, "SELECT run FROM task WHERE status = 'failed'"))[0][0]
    await ledger.save_checkpoint(Checkpoint(task_id=gone, run=run, name="step", data="1"))

    await prune(retention)

    assert await rows(ledger, "SELECT name FROM artifact") == [("kept.txt",)]
    assert await rows(ledger, "SELECT count(*) FROM task_attempt") == [(0,)]
    assert await rows(ledger, "SELECT count(*) FROM checkpoint") == [(0,)]
    assert await rows(ledger, "SELECT count(*) FROM discarded_file") == [(0,)]
    assert stored(tmp_path) == [b"kept"]
    assert (await ledger.ended_counts())["acme"].failed == 1


def stored(folder: Path) -> list[bytes]:
    return [each.read_bytes() for each in (folder / "artifacts").rglob("*") if each.is_file()]


async def test_after_a_crash_before_the_files_are_deleted_the_next_round_deletes_them(
    ledger: Ledger, retention: Retention, store: ArtifactStore, tmp_path: Path
):
    gone = await ended(ledger, 8 * DAY)
    await store.put(gone, "gone.txt", b"gone", content_type="text/plain")
    # The step alone: whoever did it died after its commit.
    await Pruning(ledger.database).step(
        Status.SUCCESS, ended_before=datetime.now(UTC) - 7 * DAY, top=None, size=10
    )
    assert (await left(ledger), stored(tmp_path)) == (set(), [b"gone"])

    await prune(retention)

    assert stored(tmp_path) == []
    assert await rows(ledger, "SELECT count(*) FROM discarded_file") == [(0,)]


async def test_a_file_that_cannot_be_deleted_keeps_no_other(
    ledger: Ledger,
    store: ArtifactStore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    class Stubborn(ArtifactStore):
        async def delete_bytes(self, artifact_id: UUID) -> None:
            if artifact_id == bad:
                raise PermissionError("no")
            await super().delete_bytes(artifact_id)

    gone = await ended(ledger, 8 * DAY)
    bad = (await store.put(gone, "bad.txt", b"bad", content_type="text/plain")).id
    await store.put(gone, "good.txt", b"good", content_type="text/plain")
    stubborn = Stubborn(ledger=ledger, storage=ObjectStorage(tmp_path / "artifacts"))

    await prune(Retention(ledger=ledger, artifacts=stubborn, keep=KEEP))

    assert (await left(ledger), stored(tmp_path)) == (set(), [b"bad"])
    assert f"the bytes of artifact {bad} stay" in caplog.text
    await prune(Retention(ledger=ledger, artifacts=store, keep=KEEP))
    assert stored(tmp_path) == []


async def test_what_belongs_to_an_unfinished_batch_stays(ledger: Ledger, retention: Retention):
    open_batch, done_batch = uuid7(), uuid7()
    now = datetime.now(UTC)
    async with ledger.database.write("make batches") as connection:
        for batch_id, finished_at in ((open_batch, None), (done_batch, now)):
            values = {"id": batch_id, "created_at": now, "finished_at": finished_at}
            await connection.execute(insert(BatchRow).values(created_by="a", **values))
    kept = await ended(ledger, 8 * DAY, batch_id=open_batch)
    await ended(ledger, 8 * DAY, batch_id=done_batch)
    waiting = old_task(8 * DAY, batch_id=open_batch)
    await ledger.accept(waiting)

    assert await prune(retention) == Counter({Status.SUCCESS: 1})
    assert await left(ledger) == {kept, waiting.id}


async def test_a_child_stays_while_its_parent_may_run_again(ledger: Ledger, retention: Retention):
    failed = await ended(ledger, 8 * DAY, Status.FAILED)
    running = old_task(8 * DAY)
    await ledger.accept(running)
    done = await ended(ledger, DAY)
    kept = {
        await ended(ledger, 8 * DAY, parent_id=failed),
        await ended(ledger, 8 * DAY, parent_id=running.id),
    }
    await ended(ledger, 8 * DAY, parent_id=done)
    await ended(ledger, 8 * DAY, parent_id=uuid7())

    assert await prune(retention) == Counter({Status.SUCCESS: 2})
    assert await left(ledger) == {failed, running.id, done} | kept


async def test_many_go_step_by_step(ledger: Ledger):
    old = [old_task(8 * DAY, type=f"acme.{number % 5}") for number in range(60)]
    await ledger.accept_all(old)
    for status, number in ((Status.SUCCESS, 40),):
        runs, _ = await pass_gate(ledger, *(task.id for task in old[:number]))
        await ledger.record([outcome(run, status) for run in runs])
    pruning, before = Pruning(ledger.database), datetime.now(UTC) + DAY

    steps, top = [], None
    while True:
        found = await pruning.step(Status.SUCCESS, ended_before=before, top=top, size=10)
        steps.append(found.tasks)
        top = found.next
        if top is None:
            break

    assert (sum(steps), len(steps) >= 4, max(steps) <= 10) == (40, True, True)
    assert await left(ledger) == {task.id for task in old[40:]}


async def test_the_pruner_works_where_nobody_else_does(ledger: Ledger, retention: Retention):
    sweeps: list[int] = [3, 2, 0]

    async def sweep() -> int:
        return sweeps.pop(0)

    first = Pruner(ledger=ledger, retention=retention, process="a", sweeps=[sweep])
    second = Pruner(ledger=ledger, retention=retention, process="b")
    await ended(ledger, 8 * DAY)

    assert await first.prune() == Counter({Status.SUCCESS: 1})
    assert sweeps == []
    await ended(ledger, 8 * DAY)
    assert await second.prune() == Counter()
    await first.stop()
    assert await second.prune() == Counter({Status.SUCCESS: 1})
    await second.stop()


async def test_the_pruner_stops_at_once(ledger: Ledger, retention: Retention):
    pruner = Pruner(ledger=ledger, retention=retention, process="a")
    pruner.start()
    await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await pruner.stop()
