"""Idempotency keys and unique tasks in the ledger: one task, however often and from wherever."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from penstock.ledger import (
    Accepted,
    IdempotencyKey,
    IdempotencyKeyReusedError,
    Ledger,
    NewTask,
    Origin,
    StoredArtifact,
    TwinOpenError,
    TwinPendingError,
    keyed_tasks,
)
from penstock.ledger.models import ArtifactRow, IdempotencyKeyRow, Task

HOUR = timedelta(hours=1)


def new_task(**fields: Any) -> NewTask:
    values: dict[str, Any] = {
        "id": uuid7(),
        "type": "acme.resize",
        "queue": "acme",
        "priority": 5,
        "user_id": None,
        "input": "{}",
        "labels": None,
        "max_attempts": 3,
        "created_at": datetime.now(UTC),
        "run_at": None,
    }
    return NewTask(**{**values, **fields})


def key(name: str = "k", fingerprint: str = "same", **fields: Any) -> IdempotencyKey:
    values: dict[str, Any] = {"principal": "ada", "expires_at": datetime.now(UTC) + HOUR}
    return IdempotencyKey(key=name, fingerprint=fingerprint, **{**values, **fields})


async def count(ledger: Ledger, what: Any = Task) -> int:
    async with ledger.database.read("count") as connection:
        statement = select(func.count()).select_from(what)
        return int((await connection.execute(statement)).scalar_one())


@pytest.fixture
async def another(database_url: str):
    """Another process' ledger over the same database."""
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


async def test_one_key_is_one_task_in_one_batch_and_over_processes(
    ledger: Ledger, another: Ledger
) -> None:
    tasks = [new_task(key=key()) for _ in range(50)]

    answers = await asyncio.gather(
        *((ledger, another)[number % 2].accept(each) for number, each in enumerate(tasks))
    )

    assert len({each.task_id for each in answers}) == 1
    assert [each.origin for each in answers].count(Origin.NEW) == 1
    assert await count(ledger) == 1


async def test_a_key_that_was_used_for_something_else_is_refused_alone(ledger: Ledger) -> None:
    first, other, neighbour = (
        new_task(key=key()),
        new_task(key=key(fingerprint="other")),
        new_task(key=key("another")),
    )

    results = await asyncio.gather(
        *map(ledger.accept, (first, other, neighbour)), return_exceptions=True
    )

    assert results[0] == Accepted(first.id)
    assert results[2] == Accepted(neighbour.id)
    assert isinstance(results[1], IdempotencyKeyReusedError)
    with pytest.raises(IdempotencyKeyReusedError, match="'k' was used before"):
        await ledger.accept(other)
    assert await count(ledger) == 2


async def test_the_same_key_of_somebody_else_is_another_one(ledger: Ledger) -> None:
    for principal in ("ada", "bob"):
        task = new_task(key=key(principal=principal))
        assert await ledger.accept(task) == Accepted(task.id)


async def test_a_repeat_after_an_unknown_commit_is_the_first_time(ledger: Ledger) -> None:
    task = new_task(key=key(), unique_key="u")

    assert await ledger.accept(task) == Accepted(task.id)
    assert await ledger.accept(task) == Accepted(task.id)


async def test_a_key_that_expired_is_new_and_is_forgotten(ledger: Ledger) -> None:
    past = datetime.now(UTC) - HOUR
    await ledger.accept(new_task(key=key(expires_at=past)))
    task = new_task(key=key(fingerprint="other"))

    assert await ledger.accept(task) == Accepted(task.id)

    for number in range(5):
        await ledger.accept(new_task(key=key(f"old-{number}", expires_at=past)))
    assert await ledger.keyed.forget_expired(limit=3) == 3
    assert await ledger.keyed.forget_expired(limit=3) == 2
    assert await count(ledger, IdempotencyKeyRow) == 1


async def test_a_unique_task_is_there_once_while_it_is_open(
    ledger: Ledger, another: Ledger
) -> None:
    tasks = [new_task(unique_key=name) for name in "abc" * 20]

    answers = await asyncio.gather(
        *((ledger, another)[number % 2].accept(each) for number, each in enumerate(tasks))
    )

    assert len({each.task_id for each in answers}) == 3
    assert [each.origin for each in answers].count(Origin.NEW) == 3
    assert {each.origin for each in answers} == {Origin.NEW, Origin.EXISTING}

    await ledger.cancel(answers[0].task_id, reason="")
    again = new_task(unique_key="a")
    assert await ledger.accept(again) == Accepted(again.id)


async def test_the_key_of_a_unique_task_stands_for_its_open_twin(ledger: Ledger) -> None:
    twin = new_task(unique_key="u")
    await ledger.accept(twin)

    unique = new_task(unique_key="u", key=key())
    assert await ledger.accept(unique) == Accepted(twin.id, Origin.EXISTING)
    await ledger.cancel(twin.id, reason="")

    assert await ledger.accept(new_task(unique_key="u", key=key())) == Accepted(
        twin.id, Origin.REPLAYED
    )
    assert await count(ledger) == 1


async def test_a_unique_task_does_not_run_again_beside_its_open_twin(ledger: Ledger) -> None:
    first, second = new_task(unique_key="u"), new_task(unique_key="u")
    await ledger.accept(first)
    await ledger.cancel(first.id, reason="")
    await ledger.accept(second)

    with pytest.raises(TwinOpenError, match=f"task {second.id} of the same type") as caught:
        await ledger.retry(first.id)

    assert caught.value.twin_id == second.id
    await ledger.cancel(second.id, reason="")
    again = await ledger.retry(first.id)
    assert again is not None
    assert again.changed


async def test_of_many_tasks_all_are_written_or_none(ledger: Ledger) -> None:
    await ledger.accept(new_task(key=key(fingerprint="before")))
    tasks = [new_task(), new_task(unique_key="u"), new_task(key=key())]

    with pytest.raises(IdempotencyKeyReusedError):
        await ledger.accept_all(tasks)
    assert await count(ledger) == 1

    accepted = await ledger.accept_all(tasks[:2])
    assert accepted == [Accepted(each.id) for each in tasks[:2]]


async def test_the_files_of_a_task_that_is_not_new_are_not_written(ledger: Ledger) -> None:
    def with_file() -> NewTask:
        task_id = uuid7()
        file = StoredArtifact(
            id=uuid7(), task_id=task_id, name="a", content_type="a/b", size=1, sha256="0"
        )
        return new_task(id=task_id, files=(file,), key=key())

    await ledger.accept(with_file())
    assert (await ledger.accept(with_file())).origin is Origin.REPLAYED
    assert await count(ledger, ArtifactRow) == 1


async def test_the_key_of_a_removed_task_is_given_up(ledger: Ledger) -> None:
    task = new_task(key=key())
    await ledger.accept(task)

    await ledger.keyed.forget(task, of=uuid7())
    assert (await ledger.accept(new_task(key=key()))).task_id == task.id

    await ledger.keyed.forget(task, of=task.id)
    assert (await ledger.accept(new_task(key=key()))).origin is Origin.NEW


async def test_the_key_of_a_whole_request_is_for_it_alone(ledger: Ledger) -> None:
    for _ in range(2):
        await ledger.keyed.claim(key())
    with pytest.raises(IdempotencyKeyReusedError):
        await ledger.keyed.claim(key(fingerprint="other"))
    with pytest.raises(IdempotencyKeyReusedError):
        await ledger.accept(new_task(key=key(fingerprint="other")))


async def test_a_transaction_that_takes_long_holds_up_its_twins_alone(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed_tasks, "_BOUND_WAIT", text("SET LOCAL lock_timeout = '400ms'"))
    ledger = Ledger(postgresql_url)
    async with ledger.database.engine.connect() as connection:
        held = new_task(unique_key="u", key=key())
        await connection.run_sync(ledger.accept_within, held)

        async with asyncio.timeout(10):
            twins = asyncio.gather(
                ledger.accept(new_task(unique_key="u")),
                ledger.accept(new_task(key=key())),
                ledger.accept(new_task(key=key("other"))),
                return_exceptions=True,
            )
            await asyncio.sleep(0.1)
            # Without a key there is nothing to wait for.
            async with asyncio.timeout(1):
                await ledger.accept(new_task())
            by_input, by_key, neighbour = await twins
        assert isinstance(by_input, TwinPendingError)
        assert isinstance(by_key, TwinPendingError)
        assert isinstance(neighbour, Accepted)
        await connection.commit()

    assert (await ledger.accept(new_task(unique_key="u"))).task_id == held.id
    assert (await ledger.accept(new_task(key=key()))).task_id == held.id
    await ledger.close()


async def test_a_retry_does_not_wait_long_for_a_transaction_that_has_its_twin(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed_tasks, "_BOUND_WAIT", text("SET LOCAL lock_timeout = '200ms'"))
    ledger = Ledger(postgresql_url)
    unique, other = new_task(unique_key="u"), new_task()
    await ledger.accept_all([unique, other])
    await ledger.cancel_all([unique.id, other.id], reason="")
    async with ledger.database.engine.connect() as connection:
        await connection.run_sync(ledger.accept_within, new_task(unique_key="u"))

        async with asyncio.timeout(5):
            with pytest.raises(TwinPendingError):
                await ledger.retry(unique.id)
            found = await ledger.retry_all([unique.id, other.id])
        await connection.rollback()

    assert {each: task.changed for each, task in found.items()} == {
        unique.id: False,
        other.id: True,
    }
    again = await ledger.retry(unique.id)
    assert again is not None
    assert again.changed
    await ledger.close()


async def test_batches_that_share_keys_in_opposite_orders_do_not_block_each_other(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They may queue up for each other; a circle is what PostgreSQL ends with an error.
    monkeypatch.setattr(keyed_tasks, "_BOUND_WAIT", text("SET LOCAL lock_timeout = '20s'"))
    ledger = Ledger(postgresql_url)
    names = [f"k-{number}" for number in range(700)]
    batches = [
        [new_task(key=key(name), unique_key=name) for name in order]
        for order in (names, names[::-1]) * 3
    ]

    answers = await asyncio.gather(*map(ledger.accept_all, batches))

    assert len({each.task_id for answer in answers for each in answer}) == 700
    assert await count(ledger) == 700
    await ledger.close()


async def test_tasks_without_a_key_are_written_by_one_statement(ledger: Ledger) -> None:
    await ledger.accept(new_task())
    before = ledger.database.statements

    await asyncio.gather(*(ledger.accept(new_task()) for _ in range(100)))

    assert ledger.database.statements - before <= 2
