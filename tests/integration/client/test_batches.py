"""Application code submits batches and follows them: both databases, a real Redis, a worker."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from penstock import (
    BatchNotFoundError,
    BatchPartError,
    BatchSealedError,
    Callback,
    Client,
    IdempotencyKeyReusedError,
    TaskRequest,
)
from penstock_ai.document import DocumentInput, document
from tests.integration.client.test_client import PATIENCE, worker

HTML = DocumentInput(markdown="# Hello", format="html")


async def test_a_batch_is_followed_to_its_callback(environment, tmp_path):
    async with (
        worker(environment, tmp_path),
        Client(environ=environment, directory=tmp_path) as client,
    ):
        handle = await client.submit_batch(
            [
                TaskRequest(document, HTML, priority="high"),
                TaskRequest("ai.document", {"template": "letter"}, user_id="bob"),
            ],
            callback=Callback(document, HTML, priority="urgent"),
            name="letters",
            user_id="ada",
        )
        ended = await handle.wait(timeout=PATIENCE)
        assert (ended.name, ended.total, ended.progress, ended.finished) == (
            "letters",
            2,
            100,
            True,
        )
        assert (ended.counts.success, ended.counts.failed) == (1, 1)
        assert ended.callback_task_id is not None
        callback = await client.task(ended.callback_task_id)

    assert (callback.type, callback.user_id) == ("ai.document", "ada")


async def test_a_batch_that_is_not_sealed_grows_and_waits(environment, tmp_path):
    async with Client(environ=environment, directory=tmp_path) as client:
        handle = await client.submit_batch([], sealed=False)
        assert (await handle.add([TaskRequest(document, HTML)])).total == 1
        with pytest.raises(TimeoutError, match=r"is at 0 % after .*, and not sealed"):
            await handle.wait(timeout=timedelta(seconds=0.1))

        assert (await handle.seal()).sealed_at is not None
        with pytest.raises(BatchSealedError):
            await handle.add([TaskRequest(document, HTML)])
        cancelled = await handle.cancel("a typo")
        assert (cancelled.counts.cancelled, cancelled.finished) == (1, True)
        assert (await handle.status()) == cancelled


async def test_the_same_batch_with_the_same_key_is_one(environment, tmp_path):
    tasks = [TaskRequest(document, HTML)] * 2
    async with Client(environ=environment, directory=tmp_path) as client:
        first = await client.submit_batch(tasks, name="a", idempotency_key="k")
        again = await client.submit_batch(tasks, name="a", idempotency_key="k")
        assert (again.id, (await again.status()).total) == (first.id, 2)
        for other in (
            {"name": "b"},
            {"name": "a", "sealed": False},
            {"name": "a", "callback": Callback(document, HTML)},
        ):
            with pytest.raises(IdempotencyKeyReusedError):
                await client.submit_batch(tasks, idempotency_key="k", **other)
        with pytest.raises(IdempotencyKeyReusedError):
            await client.submit_batch(tasks[:1], name="a", idempotency_key="k")
        with pytest.raises(ValueError, match="idempotency_key"):
            await client.submit_batch(tasks, idempotency_key="ü")


async def test_the_same_tasks_with_the_same_key_are_added_once(environment, tmp_path):
    tasks = [TaskRequest(document, HTML)] * 2
    async with Client(environ=environment, directory=tmp_path) as client:
        handle = await client.submit_batch([], sealed=False)
        for _ in range(2):
            assert (await handle.add(tasks, idempotency_key="k")).total == 2
        with pytest.raises(IdempotencyKeyReusedError):
            await handle.add(tasks[:1], idempotency_key="k")
        assert (await handle.add(tasks, idempotency_key="l")).total == 4
        with pytest.raises(ValueError, match="idempotency_key"):
            await handle.add(tasks, idempotency_key="ü")


async def test_what_does_not_fit_is_refused_and_nothing_is_written(environment, tmp_path):
    five: Any = 5
    async with Client(environ=environment, directory=tmp_path) as client:
        good = TaskRequest(document, HTML)
        with pytest.raises(BatchPartError, match=r"tasks\[1\] \(ai.document\)") as caught:
            await client.submit_batch([good, TaskRequest("ai.document", {})])
        assert caught.value.place == "tasks[1]"
        with pytest.raises(BatchPartError, match="callback"):
            # Its input is no summary.
            await client.submit_batch([good], callback=Callback(document))
        with pytest.raises(ValueError, match="at most 1000 requests at once, got 1001"):
            await client.submit_batch([good] * 1001)
        with pytest.raises(ValueError, match="expected every request of a batch to be a Task"):
            await client.submit_batch([five])
        with pytest.raises(ValueError, match="the name of a batch to have at most 255"):
            await client.submit_batch([good], name="x" * 256)
        with pytest.raises(ValueError, match="to have a JSON form"):
            Callback(document, object())
        with pytest.raises(BatchNotFoundError):
            await client.batch(uuid4())
