"""Batches posted over HTTP, on both databases and a real Redis: that it is safe to repeat."""

import asyncio
from typing import Any

import httpx

from tests.unit.api.problem_checks import problem_of

BATCH: dict[str, Any] = {"tasks": [{"type": "acme.wait", "input": {}}] * 3}


async def post(client: httpx.AsyncClient, body: object, key: str = "k-1") -> httpx.Response:
    return await client.post("/api/batches", json=body, headers={"Idempotency-Key": key})


async def test_the_same_batch_with_the_same_key_is_one(client: httpx.AsyncClient):
    answers = await asyncio.gather(*(post(client, BATCH) for _ in range(10)))
    later = await post(client, BATCH)

    assert {each.status_code for each in (*answers, later)} == {202}
    (batch_id,) = {each.json()["data"]["id"] for each in (*answers, later)}
    shown = (await client.get(f"/api/batches/{batch_id}")).json()["data"]
    assert (shown["total"], sum(shown["counts"].values())) == (3, 3)
    assert len((await client.get("/api/batches")).json()["data"]) == 1


async def test_another_batch_with_the_same_key_is_refused(client: httpx.AsyncClient):
    await post(client, BATCH)

    other = await post(client, {**BATCH, "name": "other"})
    # The same body means something else there.
    tasks = await client.post(
        "/api/queues/tasks/bulk", json=BATCH, headers={"Idempotency-Key": "k-1"}
    )

    assert problem_of(other, 409)["type"] == "/problems/idempotency-key-reused"
    assert problem_of(tasks, 409)["type"] == "/problems/idempotency-key-reused"
    assert (await post(client, BATCH, key="k-2")).status_code == 202


async def test_the_same_tasks_with_the_same_key_are_added_once(client: httpx.AsyncClient):
    batch, other = [
        (await client.post("/api/batches", json={**BATCH, "sealed": False})).json()["data"]["id"]
        for _ in range(2)
    ]

    async def add(key: str = "k-1", *, to: str = batch, count: int = 3) -> httpx.Response:
        body = {"tasks": BATCH["tasks"][:count]}
        headers = {"Idempotency-Key": key}
        return await client.post(f"/api/batches/{to}/tasks", json=body, headers=headers)

    answers = await asyncio.gather(*(add() for _ in range(10)))
    assert {(each.status_code, each.json()["data"]["total"]) for each in answers} == {(202, 6)}
    for wrong in (await add(count=2), await add(to=other)):
        assert problem_of(wrong, 409)["type"] == "/problems/idempotency-key-reused"
    assert (await add("k-2")).json()["data"]["total"] == 9

    # Whoever got no answer may ask when somebody has sealed it since.
    await client.post(f"/api/batches/{batch}/seal")
    again = await add()
    assert (again.status_code, again.json()["data"]["total"]) == (202, 9)
    assert problem_of(await add("k-3"), 409)["type"] == "/problems/batch-sealed"


async def test_a_key_that_would_make_nothing_safe_is_refused(client: httpx.AsyncClient):
    run = await client.post("/api/schedules/acme.yearly/run", headers={"Idempotency-Key": "k-1"})
    assert run.status_code == 400
