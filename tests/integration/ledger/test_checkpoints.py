"""Checkpoints in the ledger: the latest value of a name, and no word of a run that is over."""

import asyncio
import json
from datetime import UTC, datetime

from sqlalchemy import text
from uuid_utils.compat import uuid7

from penstock.ledger import Checkpoint, Ledger, StartedTask, Status
from tests.integration.ledger.test_ledger import outcome, started
from tests.services.gate import pass_gate


def checkpoint(run: StartedTask, data: object, name: str = "operation") -> Checkpoint:
    return Checkpoint(task_id=run.id, run=run.run, name=name, data=json.dumps(data))


async def found(ledger: Ledger, run: StartedTask, name: str = "operation") -> object:
    kept = await ledger.find_checkpoint(run.id, name)
    return None if kept is None else (kept.run, json.loads(kept.data))


async def test_the_latest_value_of_a_name_is_found(ledger: Ledger) -> None:
    run = await started(ledger)

    assert await found(ledger, run) is None
    assert await ledger.save_checkpoint(checkpoint(run, {"id": "a\0"}))
    assert await ledger.save_checkpoint(checkpoint(run, 5, name="other"))
    assert await ledger.save_checkpoint(checkpoint(run, [1.0, None]))

    assert await found(ledger, run) == (1, [1.0, None])
    assert await found(ledger, run, "other") == (1, 5)
    assert await found(ledger, await started(ledger)) is None


async def test_the_text_stays_as_it_was_written(ledger: Ledger) -> None:
    run = await started(ledger)
    written = '{"b":  1, "a": "\\u0000\\\\"}'

    await ledger.save_checkpoint(
        Checkpoint(task_id=run.id, run=run.run, name="operation", data=written)
    )

    kept = await ledger.find_checkpoint(run.id, "operation")
    assert kept is not None
    assert kept.data == written


async def test_a_later_run_finds_what_an_earlier_one_saved_and_replaces_it(ledger: Ledger) -> None:
    first = await started(ledger)
    await ledger.save_checkpoint(checkpoint(first, "by the first"))
    ((second,), _) = await pass_gate(ledger, first.id, worker="other", orphans=True)

    assert await found(ledger, second) == (1, "by the first")
    assert await ledger.save_checkpoint(checkpoint(second, "by the second"))
    assert await found(ledger, second) == (2, "by the second")


async def test_a_superseded_run_saves_nothing(ledger: Ledger) -> None:
    first = await started(ledger)
    ((second,), _) = await pass_gate(ledger, first.id, worker="other", orphans=True)
    await ledger.save_checkpoint(checkpoint(second, "present"))

    assert not await ledger.save_checkpoint(checkpoint(first, "late"))
    assert not await ledger.save_checkpoint(checkpoint(first, "late", name="other"))

    assert await found(ledger, second) == (2, "present")
    assert await found(ledger, second, "other") is None


async def test_a_run_that_ended_saves_nothing_and_what_it_saved_stays(ledger: Ledger) -> None:
    run = await started(ledger)
    await ledger.save_checkpoint(checkpoint(run, "kept"))
    await ledger.record([outcome(run, Status.SUCCESS, result="{}")])

    assert not await ledger.save_checkpoint(checkpoint(run, "late"))
    assert await found(ledger, run) == (1, "kept")


async def test_checkpoints_that_arrive_together_share_a_transaction_and_each_is_judged_alone(
    ledger: Ledger,
) -> None:
    over = await started(ledger)
    ((present,), _) = await pass_gate(ledger, over.id, worker="other", orphans=True)
    unknown = Checkpoint(task_id=uuid7(), run=1, name="operation", data="1")
    others = [await started(ledger) for _ in range(20)]
    before = ledger.database.statements

    saved = await asyncio.gather(
        ledger.save_checkpoint(checkpoint(over, "late")),
        ledger.save_checkpoint(checkpoint(present, "first")),
        ledger.save_checkpoint(unknown),
        *(ledger.save_checkpoint(checkpoint(each, "x")) for each in others),
        ledger.save_checkpoint(checkpoint(present, "last")),
    )

    assert saved == [False, True, False, *[True] * 20, True]
    assert await found(ledger, present) == (2, "last")
    assert ledger.database.statements - before <= 4


async def test_no_later_run_starts_while_a_checkpoint_is_being_committed(ledger: Ledger) -> None:
    first = await started(ledger)
    async with ledger.database.write("save") as connection:
        await ledger._batches.save_checkpoints(
            connection, [checkpoint(first, "first")], now=datetime.now(UTC)
        )
        # It would find nothing, and a moment later there would be something.
        starting = asyncio.create_task(pass_gate(ledger, first.id, worker="other", orphans=True))
        await asyncio.wait({starting}, timeout=0.2)
        assert not starting.done()

    ((second,), _) = await starting
    assert await found(ledger, second) == (1, "first")


async def test_a_removed_task_takes_its_checkpoints_along(ledger: Ledger) -> None:
    run = await started(ledger)
    await ledger.save_checkpoint(checkpoint(run, "x"))

    async with ledger.database.write("remove") as connection:
        await connection.execute(text("DELETE FROM task"))
        assert await connection.scalar(text("SELECT count(*) FROM checkpoint")) == 0


async def test_a_large_checkpoint_comes_back_whole(ledger: Ledger) -> None:
    run = await started(ledger)

    assert await ledger.save_checkpoint(checkpoint(run, "x" * 1_000_000))
    assert await found(ledger, run) == (1, "x" * 1_000_000)
