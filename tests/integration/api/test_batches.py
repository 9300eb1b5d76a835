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


async def test_a_key_that_would_make_nothing_safe_is_refused(client: httpx.AsyncClient):
    batch = (await client.post("/api/batches", json={**BATCH, "sealed": False})).json()["data"]
    headers = {"Idempotency-Key": "k-1"}

    more = await client.post(f"/api/batches/{batch['id']}/tasks", json=BATCH, headers=headers)
    run = await client.post("/api/schedules/acme.yearly/run", headers=headers)

    assert {more.status_code, run.status_code} == {400}
    assert (await client.get(f"/api/batches/{batch['id']}")).json()["data"]["total"] == 3
