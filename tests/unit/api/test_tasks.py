from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from penstock.dispatch import Submission
from penstock.ledger import Failure, LedgerUnavailableError, Status
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import field_errors, problem_of

SUBMISSION = {"type": "acme.letter", "input": {"markdown": "# Hello"}}


async def test_a_posted_task_is_accepted_and_its_location_shows_it(client: httpx.AsyncClient):
    answer = await client.post("/api/queues/tasks", json=SUBMISSION)

    assert answer.status_code == 202
    body = answer.json()
    assert body["success"] is True
    task = body["data"]
    assert answer.headers["Location"] == f"/api/queues/tasks/{task['id']}"
    assert UUID(task["id"]).version == 7
    assert task | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "type": "acme.letter",
        "queue": "acme",
        "status": "pending",
        "priority": "normal",
        "user_id": None,
        "provider": None,
        "progress": 0.0,
        "progress_message": "",
        "attempts": 0,
        "max_attempts": 3,
        "input": {"markdown": "# Hello"},
        "result": None,
        "error": None,
        "created_at": "",
        "run_at": None,
        "expires_at": None,
        "deadline": None,
        "parent_id": None,
        "batch_id": None,
        "started_at": None,
        "finished_at": None,
        "cancel_requested_at": None,
        "updated_at": "",
    }
    shown = await client.get(answer.headers["Location"])
    assert shown.status_code == 200
    assert shown.json() == body


async def test_a_finished_task_shows_its_result_or_its_error(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    record = await dispatch.submit(Submission("acme.letter", b'{"markdown": "x"}'))
    done = msgspec.structs.replace(
        record, status=Status.SUCCESS, progress=100, result=msgspec.Raw(b'{"pages": 1}')
    )
    dispatch.records[record.id] = done
    task = (await client.get(f"/api/queues/tasks/{record.id}")).json()["data"]
    assert (task["status"], task["result"], task["error"]) == ("success", {"pages": 1}, None)

    failure = Failure(code="no_paper", message="there is no paper", type="PermanentError")
    failed = msgspec.structs.replace(record, status=Status.FAILED, error=failure)
    dispatch.records[record.id] = failed
    task = (await client.get(f"/api/queues/tasks/{record.id}")).json()["data"]
    assert task["error"] == {
        "code": "no_paper",
        "message": "there is no paper",
        "type": "PermanentError",
    }


@pytest.mark.parametrize(
    ("given", "label"),
    [("urgent", "urgent"), ("LOW", "low"), (10, "urgent"), (7, "high"), (5, "normal"), (1, "low")],
)
async def test_a_priority_is_a_label_or_its_number(client: httpx.AsyncClient, given, label):
    answer = await client.post("/api/queues/tasks", json=SUBMISSION | {"priority": given})

    assert answer.status_code == 202
    assert answer.json()["data"]["priority"] == label


async def test_user_and_delay_reach_dispatch(client: httpx.AsyncClient, dispatch: InMemoryDispatch):
    answer = await client.post(
        "/api/queues/tasks", json=SUBMISSION | {"user_id": "ü" * 255, "delay_seconds": 1.5}
    )

    task = answer.json()["data"]
    assert task["user_id"] == "ü" * 255
    assert task["run_at"] is not None
    assert dispatch.delays == [timedelta(seconds=1.5)]


async def test_null_stands_for_a_field_that_is_left_out(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    answer = await client.post(
        "/api/queues/tasks", json=SUBMISSION | {"user_id": None, "delay_seconds": None}
    )

    assert answer.status_code == 202
    assert dispatch.delays == [None]


async def test_the_bytes_of_the_input_are_handed_on_as_they_came(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    text = b'{"markdown" : "\\u00e9\\ud83d\\ude00 \xc3\xa9",  "data": {"n": 1.10, "big": 1e300}}'
    answer = await client.post(
        "/api/queues/tasks",
        content=b'{"type": "acme.letter", "input":' + text + b"}",
        headers={"Content-Type": "application/json; charset=UTF-8"},
    )

    assert answer.status_code == 202
    (record,) = dispatch.records.values()
    assert bytes(record.input) == text


async def test_an_unknown_task_is_not_found(client: httpx.AsyncClient):
    task_id = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b"
    problem = problem_of(await client.get(f"/api/queues/tasks/{task_id}"), 404)

    assert problem["type"] == "/problems/task-not-found"
    assert task_id in problem["detail"]


@pytest.mark.parametrize(
    "task_id",
    [
        "17",
        "%00",
        "019a1b2c3d4e7f508a6b7c8d9e0f1a2b",
        "{019a1b2c-3d4e7f50-8a6b7c8d9e0f1a2b}",
        "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2g",
        "x" * 5000,
    ],
)
async def test_a_malformed_id_is_refused_with_a_word_on_uuids(client: httpx.AsyncClient, task_id):
    answer = await client.get(f"/api/queues/tasks/{task_id}")

    problem = problem_of(answer, 400)
    assert problem["type"] == "/problems/invalid-id"
    assert "UUID" in field_errors(answer, 400)["id"]["message"]
    assert len(problem["detail"]) < 400


async def test_without_the_database_a_task_is_refused_for_now(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.fault = LedgerUnavailableError("the database could not insert: [SQL: INSERT secret]")
    answer = await client.post("/api/queues/tasks", json=SUBMISSION)

    problem = problem_of(answer, 503)
    assert problem["type"] == "/problems/database-unavailable"
    assert "database" in problem["detail"]
    assert "SQL" not in answer.text
    assert int(answer.headers["Retry-After"]) > 0
