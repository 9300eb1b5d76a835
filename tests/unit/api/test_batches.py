"""Batches and children over HTTP: posted, grown, sealed, listed, cancelled, refused."""

from uuid import UUID

import httpx
import msgspec
import pytest
from uuid_utils.compat import uuid7

from penstock.api.openapi import openapi_document
from penstock.dispatch import Submission
from tests.unit.api.conftest import MAX_BODY_BYTES, MAX_UPLOAD_BYTES
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import field_errors, problem_of
from tests.unit.api.test_openapi import schema_check

LETTER = {"type": "acme.letter", "input": {"markdown": "x"}}
LOOSE = {"type": "acme.loose", "input": {}}


async def post(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/api/batches", json=body)


async def test_a_batch_is_accepted_and_shown(client: httpx.AsyncClient, dispatch: InMemoryDispatch):
    answer = await post(
        client,
        tasks=[LETTER, LOOSE | {"user_id": "bob", "priority": "high"}],
        callback={"type": "acme.loose", "priority": "urgent"},
        name="letters",
        user_id="ada",
    )

    assert answer.status_code == 202, answer.text
    batch = answer.json()["data"]
    assert answer.headers["Location"] == f"/api/batches/{batch['id']}"
    assert (batch["name"], batch["user_id"], batch["total"]) == ("letters", "ada", 2)
    assert batch["counts"]["pending"] == 2
    assert (batch["callback_type"], batch["callback_task_id"]) == ("acme.loose", None)
    assert (batch["created_by"], batch["sealed_at"] is not None) == ("api-key", True)
    tasks = dispatch.batches.tasks[UUID(batch["id"])]
    assert [(each.type, each.user_id, each.priority) for each in tasks] == [
        ("acme.letter", "ada", 5),
        ("acme.loose", "bob", 7),
    ]
    assert (await client.get(answer.headers["Location"])).json()["data"] == batch


async def test_a_batch_grows_until_it_is_sealed(client: httpx.AsyncClient):
    batch = (await post(client, tasks=[], sealed=False)).json()["data"]
    path = f"/api/batches/{batch['id']}"

    grown = await client.post(f"{path}/tasks", json={"tasks": [LETTER, LETTER]})
    assert (grown.status_code, grown.json()["data"]["total"]) == (202, 2)
    sealed = await client.post(f"{path}/seal")
    assert sealed.json()["data"]["sealed_at"] is not None

    refused = await client.post(f"{path}/tasks", json={"tasks": [LETTER]})
    assert problem_of(refused, 409)["type"] == "/problems/batch-sealed"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "$.tasks", "missing"),
        ({"tasks": "x"}, "$.tasks", "expected an array"),
        ({"tasks": [LOOSE] * 1001}, "$.tasks", "expected at most 1000 tasks, got 1001"),
        ({"tasks": [LETTER, 5]}, "$.tasks[1]", "expected an object, got 5"),
        (
            {"tasks": [LETTER, {"type": "acme.leter", "input": {}}]},
            "$.tasks[1].type",
            "acme.letter",
        ),
        ({"tasks": [LETTER | {"prio": 1}]}, "$.tasks[0].prio", "no such field"),
        (
            {"tasks": [LETTER, {"type": "acme.letter", "input": {"lines": []}}]},
            "$.tasks[1].input.markdown",
            "missing",
        ),
        ({"tasks": [], "callback": "x"}, "$.callback", "expected an object"),
        ({"tasks": [], "callback": {}}, "$.callback.type", "missing"),
        ({"tasks": [], "callback": {"type": "acme.lose"}}, "$.callback.type", "acme.loose"),
        (
            {"tasks": [], "callback": {"type": "acme.loose", "delay_seconds": 1}},
            "$.callback.delay_seconds",
            "no such field",
        ),
        (
            {"tasks": [], "callback": {"type": "acme.loose", "input": {"width": 0}}},
            "$.callback.input.width",
            ">= 1",
        ),
        # It does not take a summary.
        ({"tasks": [], "callback": {"type": "acme.scan"}}, "$.callback.input", "no such field"),
        ({"tasks": [], "name": "x" * 256}, "$.name", "expected a string of 0 to 255"),
        ({"tasks": [], "user_id": ""}, "$.user_id", "expected a string of 1 to 255"),
        ({"tasks": [], "sealed": "no"}, "$.sealed", "expected true or false"),
        ({"tasks": [], "seald": False}, "$.seald", "no such field"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_does_not_fit_is_named_with_its_place(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, body, field, words
):
    errors = field_errors(await post(client, **body), 422)

    (found,) = [each for name, each in errors.items() if name.startswith(field)]
    assert words in found["message"] + found["remedy"]
    assert dispatch.batches.records == {}


async def test_an_input_that_is_too_long_is_named_with_its_place(client: httpx.AsyncClient):
    long = LETTER | {"input": {"markdown": "x" * 100_000}}

    errors = field_errors(await post(client, tasks=[LETTER, long]), 413)

    assert set(errors) == {"$.tasks[1].input"}


async def test_a_cancelled_batch_says_who_wanted_it(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    batch = (await post(client, tasks=[LETTER])).json()["data"]
    path = f"/api/batches/{batch['id']}/cancel"

    answer = await client.post(path, json={"reason": "a typo"})

    assert answer.status_code == 202
    assert answer.json()["data"]["cancelled_at"] is not None
    assert dispatch.reasons == [f"batch {batch['id']} was cancelled by api-key: a typo"]


async def test_a_batch_that_has_finished_cannot_be_cancelled(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    batch = (await post(client, tasks=[LETTER])).json()["data"]
    batch_id = UUID(batch["id"])
    record = dispatch.batches.records[batch_id]
    dispatch.batches.records[batch_id] = msgspec.structs.replace(
        record, finished_at=record.created_at
    )

    answer = await client.post(f"/api/batches/{batch_id}/cancel")

    assert problem_of(answer, 409)["type"] == "/problems/batch-finished"


async def test_what_is_not_there_is_a_404(client: httpx.AsyncClient):
    path = f"/api/batches/{uuid7()}"
    for answer in [
        await client.get(path),
        await client.post(f"{path}/tasks", json={"tasks": []}),
        await client.post(f"{path}/seal"),
        await client.post(f"{path}/cancel"),
    ]:
        assert problem_of(answer, 404)["type"] == "/problems/batch-not-found"
    assert problem_of(await client.get("/api/batches/x"), 400)["type"] == "/problems/invalid-id"


async def test_batches_are_listed_in_pages(client: httpx.AsyncClient):
    made = [(await post(client, tasks=[])).json()["data"]["id"] for _ in range(5)]

    first = (await client.get("/api/batches", params={"limit": 3})).json()
    rest = (await client.get("/api/batches", params={"limit": 3, "cursor": first["next"]})).json()

    assert [each["id"] for each in first["data"] + rest["data"]] == made[::-1]
    assert (first["success"], rest["next"]) == (True, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "0000000001"}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"cursor": "next"}, "cursor"),
        ({"page": "2"}, "page"),
    ],
    ids=str,
)
async def test_a_page_that_cannot_be_is_refused(client: httpx.AsyncClient, query, field):
    assert set(field_errors(await client.get("/api/batches", params=query), 422)) == {field}


async def test_children_of_a_task_are_listed_in_pages(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    parent = UUID((await client.post("/api/queues/tasks", json=LETTER)).json()["data"]["id"])
    path = f"/api/queues/tasks/{parent}/children"
    assert (await client.get(path)).json() == {"success": True, "data": [], "next": None}
    for _ in range(3):
        await dispatch.submit(Submission("acme.loose", b"{}", parent_id=parent))

    first = (await client.get(path, params={"limit": 2})).json()
    rest = (await client.get(path, params={"limit": 2, "cursor": first["next"]})).json()

    assert [len(first["data"]), len(rest["data"])] == [2, 1]
    assert {each["parent_id"] for each in first["data"] + rest["data"]} == {str(parent)}
    assert not {"input", "result"} & set(first["data"][0])
    missing = await client.get(f"/api/queues/tasks/{uuid7()}/children")
    assert problem_of(missing, 404)["type"] == "/problems/task-not-found"


async def test_what_is_served_fits_the_document(client: httpx.AsyncClient, catalogue):
    document = openapi_document(
        catalogue, max_body_bytes=MAX_BODY_BYTES, max_upload_bytes=MAX_UPLOAD_BYTES
    )
    body = {"tasks": [LETTER], "callback": {"type": "acme.loose"}, "name": "a", "sealed": False}
    schema_check(document, "BatchSubmission").validate(body)

    answer = await post(client, **body)

    schema_check(document, "BatchView").validate(answer.json()["data"])
    for wrong in [{}, body | {"sealed": 1}, body | {"callback": {"type": "x"}}, body | {"a": 1}]:
        assert not schema_check(document, "BatchSubmission").is_valid(wrong)
        assert (await post(client, **wrong)).status_code == 422
