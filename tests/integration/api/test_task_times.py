"""The times of a task, from its submission to its outcome."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.dispatch.conftest import until


async def post(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    return await client.post("/api/queues/tasks", json={"type": "acme.wait", "input": {}, **fields})


async def ended(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]

    async def is_over() -> bool:
        return (await client.get(path)).json()["data"]["finished_at"] is not None

    await until(is_over)
    data: dict[str, Any] = (await client.get(path)).json()["data"]
    return data


def when(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


async def test_a_task_starts_no_earlier_than_it_is_told(client: httpx.AsyncClient) -> None:
    run_at = when(seconds=0.5)

    task = await ended(client, await post(client, run_at=run_at, ttl_seconds=60))

    assert task["status"] == "success"
    assert datetime.fromisoformat(task["started_at"]) >= datetime.fromisoformat(run_at)
    assert task["expires_at"] is not None


async def test_an_expired_task_fails_and_may_be_run_by_hand(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/queues/acme/pause")).status_code == 200
    answer = await post(client, ttl_seconds=0.2)

    task = await ended(client, answer)
    assert (task["status"], task["error"]["code"]) == ("failed", "expired")

    await client.post("/api/queues/acme/resume")
    again = await client.post(f"{answer.headers['location']}/retry")
    assert again.status_code == 202
    task = await ended(client, answer)
    assert (task["status"], task["expires_at"]) == ("success", None)


async def test_a_run_past_its_deadline_fails_and_may_not_be_run_again(
    client: httpx.AsyncClient,
) -> None:
    answer = await post(client, input={"seconds": 30}, deadline=when(seconds=0.5))

    task = await ended(client, answer)
    assert (task["status"], task["error"]["code"]) == ("failed", "deadline_exceeded")

    again = await client.post(f"{answer.headers['location']}/retry")
    assert again.status_code == 409
    assert "its deadline has passed" in again.json()["detail"]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no zone": ({"run_at": "2026-11-26T09:30:00"}, "$.run_at", "with its zone"),
    "no time": ({"deadline": "tomorrow"}, "$.deadline", "a date and time"),
    "a number": ({"run_at": 5}, "$.run_at", "expected a date and time (RFC 3339), got 5"),
    "two": ({"run_at": when(hours=1), "delay_seconds": 5}, "$.run_at", "a delay as well"),
    "passed": ({"deadline": when(hours=-1)}, "$.deadline", "before the task may start"),
    "far": ({"deadline": "9999-12-31T23:59:59-12:00"}, "$.deadline", "3650 days ahead"),
    "zero": ({"ttl_seconds": 0}, "$.ttl_seconds", "more than 0"),
    "negative": ({"ttl_seconds": -1}, "$.ttl_seconds", "a number from 0"),
    "a word": ({"ttl_seconds": "1h"}, "$.ttl_seconds", "a number or null"),
    "short": ({"ttl_seconds": 5, "delay_seconds": 5}, "$.ttl_seconds", "before the task may"),
}


async def test_what_leaves_no_time_is_refused_naming_the_field(client: httpx.AsyncClient) -> None:
    for case, (fields, field, message) in WRONG.items():
        answer = await post(client, **fields)

        assert answer.status_code == 422, case
        (error,) = answer.json()["errors"]
        assert (error["field"], message in error["message"]) == (field, True), (case, error)
        assert error["remedy"], case


@pytest.mark.parametrize("field", ["run_at", "ttl_seconds", "deadline"])
async def test_null_is_as_good_as_nothing(client: httpx.AsyncClient, field: str) -> None:
    assert (await post(client, **{field: None})).status_code == 202
