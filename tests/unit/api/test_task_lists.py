"""Listing tasks, and changing many of them, over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from uuid_utils.compat import uuid7

from penstock.api import cursors
from penstock.dispatch import Submission
from penstock.ledger import LedgerUnavailableError, Status, TaskFilter
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import problem_of
from tests.unit.api.test_openapi import schema_check

TASKS = "/api/queues/tasks"


@pytest.fixture
async def ids(dispatch: InMemoryDispatch) -> list[UUID]:
    """Five tasks, newest first."""
    letter = Submission("acme.letter", b'{"markdown": "x"}')
    return sorted([(await dispatch.submit(letter)).id for _ in range(5)], reverse=True)


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = (await client.get("/api/openapi.json")).json()
    return found


def becomes(dispatch: InMemoryDispatch, task_id: UUID, status: Status) -> None:
    dispatch.records[task_id] = msgspec.structs.replace(dispatch.records[task_id], status=status)


async def test_tasks_are_listed_newest_first_page_by_page(
    client: httpx.AsyncClient, ids: list[UUID], document: dict[str, Any]
):
    first = (await client.get(TASKS, params={"limit": 3})).json()
    second = (await client.get(TASKS, params={"limit": 3, "cursor": first["next"]})).json()

    assert first["success"] is True
    assert [task["id"] for task in first["data"] + second["data"]] == [str(each) for each in ids]
    assert second["next"] is None
    assert not {"input", "result"} & set(first["data"][0])
    for task in first["data"]:
        schema_check(document, "TaskSummaryView").validate(task)


async def test_every_filter_is_read(client: httpx.AsyncClient, dispatch: InMemoryDispatch):
    parent, batch = uuid7(), uuid7()
    query = {
        "status": "failed,pending",
        "queue": "acme",
        "type": "acme.letter",
        "user_id": "ada",
        "parent_id": str(parent),
        "batch_id": str(batch),
        "created_after": "2026-11-25T12:00:00Z",
        "created_before": "2026-11-26T12:00:00",
        "error": "503",
    }

    answer = await client.get(TASKS, params=query)

    assert answer.status_code == 200, answer.text
    assert dispatch.wanted == TaskFilter(
        status=frozenset({Status.FAILED, Status.PENDING}),
        queue="acme",
        type="acme.letter",
        user_id="ada",
        parent_id=parent,
        batch_id=batch,
        created_after=datetime(2026, 11, 25, 12, tzinfo=UTC),
        created_before=datetime(2026, 11, 26, 12, tzinfo=UTC),
        error="503",
    )


async def test_several_statuses_may_be_given_one_by_one(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    await client.get(f"{TASKS}?status=failed&status=cancelled")

    assert dispatch.wanted == TaskFilter(status=frozenset({Status.FAILED, Status.CANCELLED}))


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("statuss=failed", "statuss", "did you mean 'status'?"),
        ("status=faild", "status", "did you mean 'failed'?"),
        ("status=", "status", "pending, running"),
        ("queue=", "queue", "1 to 128 characters"),
        ("queue=acmee", "queue", "did you mean 'acme'?"),
        ("type=acme.leter", "type", "did you mean 'acme.letter'?"),
        ("type=acme.letter&type=acme.scan", "type", "more than once"),
        ("user_id=a%00b", "user_id", "without NUL"),
        ("parent_id=17", "parent_id", "expected a UUID"),
        ("created_after=yesterday", "created_after", "2026-11-25T12:00:00Z"),
        ("error=" + "x" * 201, "error", "1 to 200 characters"),
        ("limit=0", "limit", "from 1 to 500"),
        ("limit=501", "limit", "from 1 to 500"),
        ("limit=many", "limit", "from 1 to 500"),
        ("cursor=x", "cursor", "expected the 'next' of an answer"),
        ("cursor=" + "-" * 22, "cursor", "expected the 'next' of an answer"),
        ("cursor=%C3%A9", "cursor", "expected the 'next' of an answer"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_with_a_remedy(
    client: httpx.AsyncClient, query: str, field: str, words: str
):
    problem = problem_of(await client.get(f"{TASKS}?{query}"), 422)

    (error,) = problem["errors"]
    assert error["field"] == field
    assert words in f"{error['message']}; {error['remedy']}"


async def test_tasks_of_what_is_no_longer_installed_are_found(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, ids: list[UUID]
):
    record = dispatch.records[ids[0]]
    dispatch.records[ids[0]] = msgspec.structs.replace(record, queue="gone", type="gone.away")

    answer = await client.get(TASKS, params={"queue": "gone"})

    assert [task["id"] for task in answer.json()["data"]] == [str(ids[0])]


async def test_a_cursor_is_a_short_word(ids: list[UUID]):
    cursor = cursors.encode(ids[0])

    assert cursor is not None
    assert len(cursor) == 22
    assert cursors.decode(cursor) == ids[0]


async def test_without_a_database_nothing_is_listed(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.fault = LedgerUnavailableError("away")

    assert problem_of(await client.get(TASKS), 503)["type"] == "/problems/database-unavailable"


async def test_each_of_many_ids_has_its_outcome(
    client: httpx.AsyncClient,
    dispatch: InMemoryDispatch,
    ids: list[UUID],
    document: dict[str, Any],
):
    becomes(dispatch, ids[1], Status.SUCCESS)
    unknown = uuid7()
    wanted = [str(each) for each in (*ids[:2], unknown, ids[0])]

    answer = await client.post(f"{TASKS}/cancel", json={"ids": wanted, "reason": "too late"})

    assert answer.status_code == 200
    data = answer.json()["data"]
    schema_check(document, "BulkView").validate(data)
    assert (data["changed"], data["unchanged"], data["not_found"]) == (1, 1, 1)
    assert data["tasks"] == [
        {"id": str(ids[0]), "outcome": "changed", "status": "cancelled"},
        {"id": str(ids[1]), "outcome": "unchanged", "status": "success"},
        {"id": str(unknown), "outcome": "not_found", "status": None},
    ]
    assert data["next"] is None
    assert dispatch.reasons == ["cancelled by api-key: too late"]


async def test_what_a_filter_finds_is_changed_part_by_part(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, ids: list[UUID]
):
    for task_id in ids:
        becomes(dispatch, task_id, Status.FAILED)
    body = {"filter": {"queue": "acme", "status": ["failed"]}, "limit": 3}

    first = (await client.post(f"{TASKS}/retry", json=body)).json()["data"]
    body["cursor"] = first["next"]
    second = (await client.post(f"{TASKS}/retry", json=body)).json()["data"]

    assert [task["id"] for task in first["tasks"] + second["tasks"]] == [str(each) for each in ids]
    assert (first["changed"], second["changed"], second["next"]) == (3, 2, None)
    assert {record.status for record in dispatch.records.values()} == {Status.PENDING}


@pytest.mark.parametrize(
    ("what", "body", "field", "words"),
    [
        ("cancel", {}, "$", "got neither"),
        ("cancel", {"ids": [], "filter": {}}, "$", "got ids and filter"),
        ("cancel", {"ids": []}, "$.ids", "1 to 1000 ids"),
        ("cancel", {"ids": ["x"] * 1001}, "$.ids", "got a list of 1001"),
        ("cancel", {"ids": "all"}, "$.ids", "expected a list"),
        ("cancel", {"ids": [str(UUID(int=1)), 17]}, "$.ids[1]", "expected a UUID"),
        ("cancel", {"ids": [str(UUID(int=1))], "limit": 3}, "$.limit", "said of a filter"),
        ("cancel", {"filter": {}}, "$.filter", "it says nothing"),
        ("cancel", {"filter": []}, "$.filter", "expected an object"),
        ("cancel", {"filter": {"queu": "acme"}}, "$.filter.queu", "did you mean 'queue'?"),
        ("cancel", {"filter": {"queue": ["a", 1]}}, "$.filter.queue", "expected a string"),
        ("cancel", {"filter": {"status": "success"}}, "$.filter.status", "pending or running"),
        ("cancel", {"filter": {"queue": "acmee"}}, "$.filter.queue", "did you mean 'acme'?"),
        ("cancel", {"filter": {"queue": "acme"}, "reason": ""}, "$.reason", "1 to 500"),
        ("cancel", {"filter": {"queue": "acme"}, "limit": 1001}, "$.limit", "from 1 to 1000"),
        ("cancel", {"filter": {"queue": "acme"}, "cursor": "x"}, "$.cursor", "'next'"),
        ("cancel", {"id": [str(UUID(int=1))], "ids": [str(UUID(int=1))]}, "$.id", "'ids'"),
        ("retry", {"filter": {"status": "running"}}, "$.filter.status", "failed or cancelled"),
        ("retry", {"filter": {"queue": "acme"}, "reason": "x"}, "$.reason", "no such field"),
    ],
)
async def test_what_cannot_be_changed_so_is_refused(
    client: httpx.AsyncClient,
    dispatch: InMemoryDispatch,
    ids: list[UUID],
    what: str,
    body: dict[str, Any],
    field: str,
    words: str,
):
    problem = problem_of(await client.post(f"{TASKS}/{what}", json=body), 422)

    (error,) = problem["errors"]
    assert error["field"] == field
    assert words in f"{error['message']}; {error['remedy']}"
    assert {record.status for record in dispatch.records.values()} == {Status.PENDING}


async def test_who_has_no_key_lists_and_changes_nothing(anonymous_client: httpx.AsyncClient):
    assert (await anonymous_client.get(TASKS)).status_code == 401
    for what in ("cancel", "retry"):
        answer = await anonymous_client.post(f"{TASKS}/{what}", json={"ids": [str(UUID(int=1))]})
        assert answer.status_code == 401
