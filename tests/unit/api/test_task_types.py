from typing import Any

import httpx
import pytest

from penstock.settings import Setting
from tests.unit.api.problem_checks import problem_of


@pytest.fixture
def said() -> dict[str, Any]:
    off = Setting(value=False, origin="environment", source="PENSTOCK_TASK_ACME_LOOSE_ENABLED")
    return {"task": {"acme.loose": {"enabled": off}}}


async def test_task_types_come_with_schemas_and_examples(client: httpx.AsyncClient):
    answer = await client.get("/api/task-types")

    assert answer.status_code == 200
    listed = {each["type"]: each for each in answer.json()["data"]}
    assert list(listed) == ["acme.letter", "acme.loose", "acme.scan"]
    letter = listed["acme.letter"]
    assert set(letter) == {
        "type",
        "queue",
        "enabled",
        "disabled_by",
        "description",
        "input_schema",
        "output_schema",
        "upload",
        "unique",
        "examples",
    }
    assert letter["queue"] == "acme"
    assert letter["description"] == "Print a letter."
    assert "Letter" in letter["input_schema"]["$defs"]
    assert "Sent" in letter["output_schema"]["$defs"]


async def test_a_task_type_that_is_switched_off_says_who_wants_that(
    client: httpx.AsyncClient,
):
    listed = {each["type"]: each for each in (await client.get("/api/task-types")).json()["data"]}
    shown = (await client.get("/api/task-types/acme.loose")).json()["data"]

    assert (listed["acme.letter"]["enabled"], listed["acme.letter"]["disabled_by"]) == (True, None)
    assert listed["acme.loose"] == shown
    assert not shown["enabled"]
    assert shown["disabled_by"] == {
        "value": "false",
        "origin": "environment",
        "source": "PENSTOCK_TASK_ACME_LOOSE_ENABLED",
        "changed_at": None,
    }


async def test_a_task_type_says_which_field_an_upload_fills(client: httpx.AsyncClient):
    listed = (await client.get("/api/task-types")).json()["data"]

    assert {each["type"]: each["upload"] for each in listed} == {
        "acme.letter": None,
        "acme.loose": None,
        "acme.scan": "document",
    }


async def test_the_examples_can_be_posted_as_they_are(client: httpx.AsyncClient):
    letter = (await client.get("/api/task-types/acme.letter")).json()["data"]

    assert letter["examples"]
    for example in letter["examples"]:
        body = {"type": letter["type"], "input": example}
        assert (await client.post("/api/queues/tasks", json=body)).status_code == 202


async def test_an_unknown_task_type_is_not_found_and_the_nearest_is_named(
    client: httpx.AsyncClient,
):
    problem = problem_of(await client.get("/api/task-types/acme.lose"), 404)

    assert problem["type"] == "/problems/unknown-task-type"
    assert "did you mean 'acme.loose'?" in problem["detail"]
