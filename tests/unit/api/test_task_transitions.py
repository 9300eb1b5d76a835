"""Cancelling tasks, and running them again, over HTTP."""

from uuid import UUID

import httpx
import msgspec
import pytest

from penstock.dispatch import Submission
from penstock.ledger import LedgerUnavailableError, Status
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import field_errors, problem_of

UNKNOWN = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b"


@pytest.fixture
async def task_id(dispatch: InMemoryDispatch) -> UUID:
    return (await dispatch.submit(Submission("acme.letter", b'{"markdown": "x"}'))).id


def becomes(dispatch: InMemoryDispatch, task_id: UUID, status: Status) -> None:
    dispatch.records[task_id] = msgspec.structs.replace(dispatch.records[task_id], status=status)


async def test_a_waiting_task_is_cancelled_at_once(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID
):
    answer = await client.post(f"/api/queues/tasks/{task_id}/cancel", json={"reason": "too late"})

    assert answer.status_code == 200
    task = answer.json()["data"]
    assert (task["status"], task["error"]["code"]) == ("cancelled", "cancelled")
    assert dispatch.reasons == ["cancelled by api-key: too late"]
    again = await client.post(f"/api/queues/tasks/{task_id}/cancel")
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_a_reason_may_be_left_out(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID
):
    await client.post(f"/api/queues/tasks/{task_id}/cancel")

    assert dispatch.reasons == ["cancelled by api-key"]


async def test_of_a_running_task_the_worker_is_told(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID
):
    becomes(dispatch, task_id, Status.RUNNING)

    answer = await client.post(f"/api/queues/tasks/{task_id}/cancel")

    assert answer.status_code == 202
    task = answer.json()["data"]
    assert task["status"] == "running"
    assert task["cancel_requested_at"] is not None


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED])
async def test_what_has_ended_cannot_be_cancelled(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID, status: Status
):
    becomes(dispatch, task_id, status)

    problem = problem_of(await client.post(f"/api/queues/tasks/{task_id}/cancel"), 409)

    assert problem["type"] == "/problems/task-status-conflict"
    assert f"is {status.value}: it has ended already" in problem["detail"]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
async def test_what_did_not_succeed_can_run_again(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID, status: Status
):
    becomes(dispatch, task_id, status)

    answer = await client.post(f"/api/queues/tasks/{task_id}/retry")

    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "pending"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (Status.PENDING, "has not ended yet"),
        (Status.RUNNING, "has not ended yet"),
        (Status.SUCCESS, "post a new task"),
    ],
)
async def test_what_is_open_or_has_succeeded_does_not_run_again(
    client: httpx.AsyncClient,
    dispatch: InMemoryDispatch,
    task_id: UUID,
    status: Status,
    hint: str,
):
    becomes(dispatch, task_id, status)

    problem = problem_of(await client.post(f"/api/queues/tasks/{task_id}/retry"), 409)

    assert hint in problem["detail"]


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_an_unknown_or_malformed_id_is_told_apart(client: httpx.AsyncClient, action: str):
    unknown = problem_of(await client.post(f"/api/queues/tasks/{UNKNOWN}/{action}"), 404)
    assert unknown["type"] == "/problems/task-not-found"
    malformed = problem_of(await client.post(f"/api/queues/tasks/17/{action}"), 400)
    assert malformed["type"] == "/problems/invalid-id"


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_both_need_a_key_and_the_database(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID, action: str
):
    dispatch.fault = LedgerUnavailableError("away")
    answer = await client.post(f"/api/queues/tasks/{task_id}/{action}")
    assert problem_of(answer, 503)["type"] == "/problems/database-unavailable"
    assert int(answer.headers["Retry-After"]) > 0

    del client.headers["Authorization"]
    assert (await client.post(f"/api/queues/tasks/{task_id}/{action}")).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": 7}, "$.reason"),
        ({"reason": ""}, "$.reason"),
        ({"reason": "x" * 501}, "$.reason"),
        ({"reasn": "x"}, "$.reasn"),
    ],
)
async def test_a_reason_that_is_none_is_named(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, task_id: UUID, body, field
):
    answer = await client.post(f"/api/queues/tasks/{task_id}/cancel", json=body)

    assert field_errors(answer, 422)[field]["remedy"]
    assert dispatch.reasons == []


async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, task_id: UUID):
    answer = await client.post(
        f"/api/queues/tasks/{task_id}/cancel",
        content=b"{",
        headers={"Content-Type": "application/json"},
    )

    assert problem_of(answer, 400)["type"] == "/problems/malformed-json"
