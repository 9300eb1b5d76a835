"""Schedules over the API."""

from typing import Any

import httpx

from penstock.app import Application
from tests.integration.dispatch.conftest import until

TICK = {"name": "acme.tick", "type": "acme.wait", "input": {}, "every_seconds": 0.1}
PATH = "/api/schedules/acme.tick"


async def data(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> dict[str, Any]:
    answer = await client.request(method, path, **more)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def test_a_schedule_that_is_made_fires_until_it_is_paused(
    client: httpx.AsyncClient, application: Application
) -> None:
    made = await client.post("/api/schedules", json=TICK)
    assert (made.status_code, made.headers["location"]) == (201, PATH)
    assert made.json()["data"]["state"] == "active"

    async def has_run() -> bool:
        last = (await data(client, "GET", PATH))["last_task_id"]
        if last is None:
            return False
        task = await data(client, "GET", f"/api/queues/tasks/{last}")
        return bool(task["status"] == "success")

    await until(has_run)
    paused = await data(client, "POST", f"{PATH}/pause")
    assert (paused["state"], paused["paused_by"]) == ("paused", "api-key")
    assert paused["next_run_at"] is None

    run = await client.post(f"{PATH}/run")
    assert run.status_code == 202
    shown = await data(client, "GET", PATH)
    assert shown["last_task_id"] == run.json()["data"]["id"]

    resumed = await data(client, "POST", f"{PATH}/resume")
    assert resumed["state"] == "active"
    await data(client, "DELETE", PATH)
    gone = await client.get(PATH)
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/schedule-not-found")


async def test_a_schedule_is_replaced_as_a_whole(client: httpx.AsyncClient) -> None:
    await client.post("/api/schedules", json=TICK)
    cron = {"type": "acme.wait", "input": {"seconds": 1}, "cron": "0 3 * * *"}

    shown = await data(
        client, "PUT", PATH, json=cron | {"timezone": "Europe/Zurich", "priority": "high"}
    )

    assert (shown["cron"], shown["every_seconds"]) == ("0 3 * * *", None)
    assert (shown["timezone"], shown["priority"]) == ("Europe/Zurich", "high")
    assert shown["input"] == {"seconds": 1}
    assert shown["misfire_grace_seconds"] == 60


async def test_what_a_plugin_declares_can_be_paused_and_run_and_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    path = "/api/schedules/acme.yearly"

    async def is_there() -> bool:
        return (await client.get(path)).is_success

    await until(is_there)
    shown = await data(client, "GET", path)
    assert (shown["source"], shown["created_by"]) == ("plugin:acme", "penstock-acme 1")
    terms = {"type": "acme.wait", "input": {}, "cron": "0 3 * * *"}
    for answer in (await client.delete(path), await client.put(path, json=terms)):
        assert answer.status_code == 409
        assert "plugin:acme declares it" in answer.json()["detail"]
    assert (await data(client, "POST", f"{path}/pause"))["state"] == "paused"
    assert (await client.post(f"{path}/run")).status_code == 202


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"name": None}, "$.name", "expected a string"),
    "a name": ({"name": "Acme Tick"}, "$.name", "lower-case words"),
    "a type": ({"type": "acme.wit"}, "$.type", "did you mean 'acme.wait'?"),
    "an input": ({"input": {"seconds": "x"}}, "$.input.seconds", "Expected `float`, got `str`"),
    "a field": ({"input": {"second": 1}}, "$.input.second", "there is no such field"),
    "cron": ({"every_seconds": None, "cron": "61 * * * *"}, "$.cron", "bad minute"),
    "long": ({"every_seconds": None, "cron": "1," * 500}, "$.cron", "at most 255 characters"),
    "both": ({"cron": "0 3 * * *"}, "$.cron", "got both"),
    "neither": ({"every_seconds": None}, "$.cron", "got neither"),
    "too often": ({"every_seconds": 0.01}, "$.every_seconds", "from 0.1 s"),
    "too rarely": ({"every_seconds": 1e300}, "$.every_seconds", "366 days"),
    "zone": ({"timezone": "Mars"}, "$.timezone", "IANA time zone"),
    "misfire": ({"misfire": "later"}, "$.misfire", "'skip' or 'run_once'"),
    "grace": ({"misfire_grace_seconds": -1}, "$.misfire_grace_seconds", "from 0 to 7 days"),
    "priority": ({"priority": "now"}, "$.priority", "now"),
    "user": ({"user_id": ""}, "$.user_id", "1 to 255 characters"),
    "other": ({"interval": 5}, "$.interval", "there is no such field"),
}


async def test_what_cannot_be_kept_is_refused_naming_the_field(client: httpx.AsyncClient) -> None:
    for case, (fields, field, message) in WRONG.items():
        answer = await client.post("/api/schedules", json=TICK | fields)

        assert answer.status_code == 422, (case, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["field"], message in error["message"]) == (field, True), (case, error)
        assert error["remedy"], case
    listed = (await client.get("/api/schedules")).json()["data"]
    assert "acme.tick" not in [each["name"] for each in listed]


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    await client.post("/api/schedules", json=TICK)

    again = await client.post("/api/schedules", json=TICK)
    other = await client.put(PATH, json=TICK | {"name": "acme.tock"})

    assert (again.status_code, again.json()["type"]) == (409, "/problems/schedule-conflict")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "$.name")
