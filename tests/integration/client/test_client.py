"""Application code submits and follows tasks: both databases, a real Redis, real plugins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type
from uuid import uuid4

import pytest

from penstock import (
    Client,
    PenstockError,
    Priority,
    TaskFailedError,
    TaskHandle,
    TaskNotFoundError,
    TaskStatusError,
)
from penstock.app import Application
from penstock.plugins import discover, load
from penstock.settings import Settings
from penstock_ai import get_ai_router
from penstock_ai.document import Document, DocumentInput, document
from tests.services.at_work import at_work

PATIENCE = timedelta(seconds=20)


@asynccontextmanager
async def worker(environment, folder: Path) -> AsyncIterator[None]:
    settings = Settings.load(environment, folder)
    async with (
        Application(settings, load(discover())) as application,
        at_work(application.worker(["ai"])),
    ):
        yield


async def test_a_typed_submit_gives_a_typed_result(environment, tmp_path):
    async with (
        worker(environment, tmp_path),
        Client(environ=environment, directory=tmp_path) as client,
    ):
        handle = await client.submit(
            document,
            DocumentInput(markdown="# Hello", format="html"),
            user_id="u-1",
            priority="high",
        )
        assert_type(handle, TaskHandle[Document])

        result = await handle.result(timeout=PATIENCE)
        status = await handle.status()

    assert isinstance(result, Document)
    assert result.artifact.content_type.startswith("text/html")
    assert (status.status, status.progress, status.user_id) == ("success", 100, "u-1")
    assert status.priority is Priority.HIGH
    assert status.input["markdown"] == "# Hello"
    assert status.finished


async def test_a_client_that_is_not_entered_opens_connections_for_each_call(environment, tmp_path):
    client = Client(environ=environment, directory=tmp_path)

    handle = await client.submit("ai.document", {"markdown": "x", "format": "html"})
    assert (await handle.status()).status == "pending"

    async with worker(environment, tmp_path):
        result = await handle.result(timeout=PATIENCE)
    assert result.format == "html"


async def test_a_task_of_a_client_that_ends_at_once_does_not_wait_for_the_audit(
    environment, tmp_path
):
    async with worker(environment, tmp_path):
        handle = await Client(environ=environment, directory=tmp_path).submit(
            document, DocumentInput(markdown="x", format="html")
        )
        # The audit would take two leases of 30 s to notice it.
        await handle.result(timeout=timedelta(seconds=10))


async def test_the_router_takes_the_request_of_an_application(environment, tmp_path):
    async with Client(environ=environment, directory=tmp_path) as client:
        router = get_ai_router(client)

        task = await router.route_task(
            "u-7", {"type": "document", "markdown": "# Hi", "format": "html"}, "urgent"
        )
        found = await client.task(task.id)

    assert (found.type, found.user_id, found.priority) == ("ai.document", "u-7", Priority.URGENT)
    assert found.input == {"markdown": "# Hi", "format": "html"}


async def test_the_router_says_which_types_there_are(environment, tmp_path):
    router = get_ai_router(Client(environ=environment, directory=tmp_path))

    with pytest.raises(ValueError, match="got 'documnt'; did you mean 'document'"):
        await router.route_task("u", {"type": "documnt"})
    with pytest.raises(ValueError, match="one of text, image, document, code, got None"):
        await router.route_task("u", {"prompt": "x"})


async def test_what_does_not_fit_is_refused_and_nothing_is_written(environment, tmp_path):
    async with Client(environ=environment, directory=tmp_path) as client:
        with pytest.raises(ValueError, match="exactly one of 'markdown'"):
            await client.submit("ai.document", {})
        with pytest.raises(ValueError, match="expected priority to be one of"):
            await client.submit("ai.document", {"markdown": "x"}, priority="soon")
        with pytest.raises(LookupError, match=r"did you mean 'ai\.document'"):
            await client.submit("ai.documnt", {"markdown": "x"})
        with pytest.raises(TaskNotFoundError):
            await client.task(uuid4())


async def test_times_are_kept_and_what_leaves_none_is_refused(environment, tmp_path):
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    async with Client(environ=environment, directory=tmp_path) as client:
        handle = await client.submit(
            "ai.document",
            {"markdown": "x"},
            run_at=now + hour,
            ttl=2 * hour,
            deadline=now + 3 * hour,
        )
        found = await handle.status()
        assert (found.run_at, found.deadline) == (now + hour, now + 3 * hour)
        assert found.expires_at == found.created_at + 2 * hour
        with pytest.raises(ValueError, match="deadline: it lies before the task may start"):
            await client.submit("ai.document", {"markdown": "x"}, deadline=now - hour)
        with pytest.raises(ValueError, match="run_at: there is a delay as well"):
            await client.submit("ai.document", {"markdown": "x"}, delay=hour, run_at=now)


async def test_arguments_of_the_wrong_kind_are_named(environment, tmp_path):
    five: Any = 5
    async with Client(environ=environment, directory=tmp_path) as client:
        with pytest.raises(ValueError, match=r"expected delay to be a datetime\.timedelta"):
            await client.submit("ai.document", {"markdown": "x"}, delay=five)
        with pytest.raises(ValueError, match="expected delay to be from 0 to 365 days"):
            await client.submit("ai.document", {"markdown": "x"}, delay=timedelta.max)
        with pytest.raises(ValueError, match="expected user_id to be a"):
            await client.submit("ai.document", {"markdown": "x"}, user_id=five)
        with pytest.raises(ValueError, match="to have a JSON form"):
            await client.submit("ai.document", {"markdown": object()})
        handle = await client.submit("ai.document", {"markdown": "x"})
        with pytest.raises(ValueError, match="expected timeout of TaskHandle"):
            await handle.result(timeout=five)
    assert not (tmp_path / "data").exists()


async def test_a_failed_task_says_why_and_a_waiting_one_how_far_it_is(environment, tmp_path):
    async with (
        Client(environ=environment, directory=tmp_path) as client,
    ):
        handle = await client.submit("ai.document", {"template": "letter"})
        with pytest.raises(TimeoutError, match="is pending at 0 %"):
            await handle.result(timeout=timedelta(seconds=0.1))

        async with worker(environment, tmp_path):
            with pytest.raises(TaskFailedError) as caught:
                await handle.result(timeout=PATIENCE)

    assert caught.value.code == "invalid_template_data"
    assert "letter" in str(caught.value)


async def test_a_client_is_entered_once(environment, tmp_path):
    client = Client(environ=environment, directory=tmp_path)

    async with client:
        with pytest.raises(PenstockError, match="open already"):
            async with client:
                pass


async def test_a_task_is_cancelled_and_run_again_by_its_handle(environment, tmp_path):
    async with Client(environ=environment, directory=tmp_path) as client:
        handle = await client.submit(document, DocumentInput(markdown="x", format="html"))

        cancelled = await handle.cancel("a typo")
        assert (cancelled.status, cancelled.finished) == ("cancelled", True)
        assert cancelled.error is not None
        assert cancelled.error.message == "cancelled by the application: a typo"
        with pytest.raises(TaskFailedError, match="a typo"):
            await handle.result()

        async with worker(environment, tmp_path):
            assert (await handle.retry()).status == "pending"
            assert isinstance(await handle.result(timeout=PATIENCE), Document)

        assert (await handle.cancel()).status == "success"
        with pytest.raises(TaskStatusError, match="is success: only a task that failed"):
            await handle.retry()
        with pytest.raises(TaskNotFoundError):
            await client.cancel(uuid4())
        with pytest.raises(TaskNotFoundError):
            await client.retry(uuid4())


async def test_a_handle_tells_what_happens_until_the_end(environment, tmp_path):
    client = Client(environ=environment, directory=tmp_path)
    handle = await client.submit(document, DocumentInput(markdown="x", format="html"))

    async with worker(environment, tmp_path):
        told = [event async for event in handle.events()]
    last = [event for event in told if event.id][-1].id
    again = [event async for event in handle.events(after=last)]

    assert told[0].kind == told[-1].kind == "status"
    assert told[-1].data.status == "success"
    assert told[-1].data.result["format"] == "html"
    assert {event.kind for event in told} == {"status", "progress"}
    assert [event.kind for event in again] == ["status"]
    with pytest.raises(ValueError, match="expected after to be the id of an event"):
        await anext(handle.events(after="yesterday"))
    with pytest.raises(TaskNotFoundError):
        await anext(client.events(uuid4()))
