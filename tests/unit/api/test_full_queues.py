"""A queue that takes no more tasks, and an input that is too long."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from penstock.dispatch import QueueFullError, UserQueueFullError
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch
from tests.unit.api.multipart_form import file_part, form
from tests.unit.api.problem_checks import field_errors, problem_of
from tests.unit.api.test_uploads import post

LETTER = {"type": "acme.letter", "input": {"markdown": "# Hello"}}
WAIT = timedelta(seconds=2.1)


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (QueueFullError("acme", limit=9, retry_after=WAIT), "queue-full"),
        (UserQueueFullError("acme", "ada", limit=9, retry_after=WAIT), "user-queue-full"),
    ],
)
async def test_a_full_queue_says_when_to_come_back(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, error: QueueFullError, slug: str
):
    dispatch.full = error
    answer = await client.post("/api/queues/tasks", json=LETTER)

    problem = problem_of(answer, 429)
    assert problem["type"] == f"/problems/{slug}"
    assert "try again in 3 s" in problem["detail"]
    assert answer.headers["Retry-After"] == "3"
    assert dispatch.records == {}


async def test_a_full_queue_is_answered_before_the_file_is_read(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, artifacts: InMemoryArtifacts
):
    dispatch.full = QueueFullError("acme", limit=9, retry_after=WAIT)
    read = []

    async def body() -> AsyncIterator[bytes]:
        yield file_part()[:-2]
        read.append("the rest")
        yield form()

    assert problem_of(await post(client, body()), 429)["type"] == "/problems/queue-full"
    assert read == []
    assert artifacts.kept == []


async def test_an_input_that_is_too_long_is_named_with_its_length_and_the_setting(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.max_input_bytes = 100
    answer = await client.post(
        "/api/queues/tasks", json={"type": "acme.letter", "input": {"markdown": "x" * 86}}
    )

    error = field_errors(answer, 413)["$.input"]
    assert error["message"] == "the input is larger than 100 bytes: it has 101"
    assert "PENSTOCK_MAX_INPUT_BYTES" in error["remedy"]
