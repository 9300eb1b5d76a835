"""Taking tasks: ledger first, then engine; Redis away refuses nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from penstock import Priority
from penstock.dispatch import InvalidInputError, Submission
from penstock.ledger import LedgerUnavailableError, Status
from penstock.plugins import UnknownTaskTypeError
from tests.integration.dispatch.conftest import ACME, Build, Installation, until
from tests.services import RedisServer
from tests.services.index import new_index

INPUT = b'{"source":"cat.png"}'


async def claimed(installation: Installation, want: int, *, within: float = 30) -> list[UUID]:
    """The first ``want`` tasks of the queue, as soon as they are there."""
    found: list[UUID] = []
    async with asyncio.timeout(within):
        while len(found) < want:
            await installation.engine.wait("acme", 0.1)
            claim = await installation.engine.claim(ACME, want - len(found))
            found += [each.id for each in claim.leases]
    return found


async def test_a_submitted_task_is_in_the_ledger_and_then_in_the_engine(
    installation: Installation,
) -> None:
    await new_index(installation.engine, "acme")

    task = await installation.dispatch.submit(
        Submission("acme.resize", INPUT, priority=Priority.HIGH, user_id="ada")
    )

    assert await installation.dispatch.find(task.id) == task
    assert (task.status, task.priority, task.user_id) == (Status.PENDING, 7, "ada")
    assert bytes(task.input) == INPUT
    assert await claimed(installation, 1) == [task.id]


async def test_tasks_of_one_moment_reach_the_engine_in_one_call(installation: Installation) -> None:
    await new_index(installation.engine, "acme")
    before = installation.engine.round_trips

    tasks = await asyncio.gather(
        *(installation.dispatch.submit(Submission("acme.resize", INPUT)) for _ in range(200))
    )

    async def all_are_there() -> bool:
        return (await installation.counts()).waiting == len(tasks)

    await until(all_are_there)
    assert installation.engine.round_trips - before <= 3


async def test_a_delayed_task_is_due_at_its_time(installation: Installation) -> None:
    await new_index(installation.engine, "acme")
    before = datetime.now(UTC)

    task = await installation.dispatch.submit(
        Submission("acme.resize", INPUT, delay=timedelta(minutes=1))
    )

    assert task.run_at is not None
    assert task.run_at - before >= timedelta(minutes=1)

    async def is_there() -> bool:
        return (await installation.counts()).delayed == 1

    await until(is_there)
    claim = await installation.engine.claim(ACME, 1)
    assert claim.leases == []
    assert claim.next_wake == pytest.approx(60, abs=20)


async def test_submitting_an_id_again_changes_nothing(installation: Installation) -> None:
    await new_index(installation.engine, "acme")
    task_id = uuid7()
    for _ in range(2):
        await installation.dispatch.submit(Submission("acme.resize", INPUT, id=task_id))

    assert await claimed(installation, 1) == [task_id]
    assert (await installation.counts()).waiting == 0


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b'{"width":3}', "$"),
        (b'{"source":"cat","width":"3"}', "$.width"),
        (b'{"source":"a\\u0000b"}', "$"),
        (b'{"source":"cat","more":' + b"[" * 100 + b"]" * 100 + b"}", "$"),
        (b'{"source":"cat","more":"\xff"}', "$"),
        (b'{"source":', "$"),
    ],
)
async def test_an_input_that_does_not_fit_is_refused_and_nothing_is_written(
    installation: Installation, text: bytes, path: str
) -> None:
    await installation.policies.refresh()
    before = installation.ledger.database.statements
    with pytest.raises(InvalidInputError) as caught:
        await installation.dispatch.submit(Submission("acme.resize", text))

    assert caught.value.path == path
    assert installation.ledger.database.statements == before


@pytest.mark.parametrize("user_id", ["a\0b", "a\ud800b", "a" * 256])
async def test_a_user_that_cannot_be_stored_is_refused_on_both_databases(
    installation: Installation, user_id: str
) -> None:
    with pytest.raises(InvalidInputError, match="user_id"):
        await installation.dispatch.submit(Submission("acme.resize", INPUT, user_id=user_id))


async def test_an_unknown_task_type_is_refused_with_the_nearest(installation: Installation) -> None:
    with pytest.raises(UnknownTaskTypeError, match=r"did you mean 'acme\.resize'"):
        await installation.dispatch.submit(Submission("acme.rezise", INPUT))


async def test_redis_away_refuses_nothing_and_gets_the_tasks_when_it_is_back(
    build: Build, tmp_path: Path
) -> None:
    server = RedisServer(tmp_path / "redis")
    installation = build(redis_url=server.url)
    tasks = [
        await installation.dispatch.submit(Submission("acme.resize", INPUT, priority=priority))
        for priority in (Priority.LOW, Priority.URGENT)
    ]
    for each in tasks:
        assert await installation.dispatch.find(each.id) == each

    with server:
        await new_index(installation.engine, "acme")
        assert sorted(await claimed(installation, 2, within=10)) == sorted(
            each.id for each in tasks
        )
        await installation.close()


async def test_a_database_away_promises_nothing(build: Build, free_port: int) -> None:
    installation = build(database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{free_port}/none")
    await new_index(installation.engine, "acme")

    with pytest.raises(LedgerUnavailableError):
        await installation.dispatch.submit(Submission("acme.resize", INPUT))

    assert (await installation.counts()).waiting == 0
