"""The OpenAPI document is valid, complete, and describes what the API really does."""

from typing import Any

import httpx
import pytest
from litestar import Litestar
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import penstock_ai
from penstock.api.openapi import openapi_document
from penstock.api.submission import FIELDS
from penstock.plugins import Catalogue, Plugin
from tests.unit.api.conftest import MAX_BODY_BYTES, MAX_UPLOAD_BYTES

TYPES = ("acme.letter", "acme.loose", "acme.scan")
UNDOCUMENTED_METHODS = {"OPTIONS"}


@pytest.fixture
def document(catalogue: Catalogue) -> dict[str, Any]:
    return openapi_document(
        catalogue, max_body_bytes=MAX_BODY_BYTES, max_upload_bytes=MAX_UPLOAD_BYTES
    )


def schema_check(document: dict[str, Any], name: str) -> OAS31Validator:
    """Checks values against a schema of the document."""
    rooted = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return OAS31Validator(rooted)


def ai_catalogue() -> Catalogue:
    ai = Plugin(
        name="ai",
        distribution="penstock-ai",
        version="0",
        queues=penstock_ai.penstock_queues(),
        tasks=penstock_ai.penstock_tasks(),
    )
    return Catalogue(plugins=[ai])


async def test_the_document_is_served_to_everybody(
    anonymous_client: httpx.AsyncClient, document: dict[str, Any]
):
    answer = await anonymous_client.get("/api/openapi.json")

    assert answer.status_code == 200
    assert answer.json() == document


@pytest.mark.parametrize("which", ["acme", "ai", "none"])
def test_the_document_is_valid_openapi(catalogue: Catalogue, which):
    chosen = {"acme": catalogue, "ai": ai_catalogue(), "none": Catalogue(plugins=[])}[which]

    OpenAPIV31SpecValidator(
        openapi_document(chosen, max_body_bytes=1, max_upload_bytes=1)
    ).validate()


def test_every_route_is_documented_and_nothing_else(api: Litestar, document: dict[str, Any]):
    served = {
        (route.path_format, method.lower())
        for route in api.routes
        for method in set(getattr(route, "methods", ())) - UNDOCUMENTED_METHODS
    }
    documented = {
        (path, method) for path, operations in document["paths"].items() for method in operations
    }

    assert documented == served


def test_each_task_type_has_a_typed_body_and_a_typed_task(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    for prefix in ("Submission", "Task"):
        mapping = schemas[prefix]["discriminator"]["mapping"]
        assert mapping == {name: f"#/components/schemas/{prefix}.{name}" for name in TYPES}
        assert len(schemas[prefix]["oneOf"]) == len(TYPES)
    letter = schemas["Submission.acme.letter"]
    assert letter["properties"]["input"] == {"$ref": "#/components/schemas/Letter"}
    result = schemas["Task.acme.letter"]["allOf"][1]["properties"]["result"]
    assert result["anyOf"][0] == {"$ref": "#/components/schemas/Sent"}


def test_every_operation_but_the_open_ones_needs_the_key_and_names_its_problems(
    document: dict[str, Any],
):
    assert document["security"] == [{"bearer": []}]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_open = path in {"/api/health", "/api/openapi.json"}
            assert (operation.get("security") == []) is is_open
            assert ("401" in operation["responses"]) is not is_open


def test_keys_and_preferences_are_documented(document: dict[str, Any]):
    def headers(path: str) -> list[str]:
        return [each["name"] for each in document["paths"][path]["post"]["parameters"]]

    assert headers("/api/queues/tasks") == ["Idempotency-Key", "Prefer"]
    for path in ("/api/queues/tasks/bulk", "/api/uploads"):
        assert headers(path) == ["Idempotency-Key"]
        assert "409" in document["paths"][path]["post"]["responses"]
    assert headers("/api/batches/{batch_id}/tasks") == ["batch_id", "Idempotency-Key"]
    answered = document["paths"]["/api/queues/tasks"]["post"]["responses"]
    assert set(answered["202"]["headers"]) == {
        "Location",
        "Idempotency-Replayed",
        "Existing-Task",
        "Preference-Applied",
    }
    many = {"tasks": [{"type": "acme.letter", "input": {"markdown": "x"}}], "atomic": False}
    schema_check(document, "Bulk").validate(many)
    assert not schema_check(document, "Bulk").is_valid(many | {"tasks": []})


async def test_what_is_served_fits_the_document(
    client: httpx.AsyncClient, document: dict[str, Any]
):
    letter = {"type": "acme.letter", "input": {"markdown": "x"}, "priority": 7}
    schema_check(document, "Submission").validate(letter)
    accepted = await client.post("/api/queues/tasks", json=letter)
    schema_check(document, "Task").validate(accepted.json()["data"])

    refused = await client.post("/api/queues/tasks", json=letter | {"input": {}})
    schema_check(document, "ProblemDocument").validate(refused.json())
    for each in (await client.get("/api/task-types")).json()["data"]:
        schema_check(document, "TaskTypeView").validate(each)
    for each in (await client.get("/api/queues/status")).json()["data"].values():
        schema_check(document, "QueueStatus").validate(each)
    health = (await client.get("/api/health")).json()["data"]
    schema_check(document, "Health").validate(health)


def test_the_form_of_an_upload_is_documented_with_its_limits(document: dict[str, Any]):
    operation = document["paths"]["/api/uploads"]["post"]
    form = document["components"]["schemas"]["Upload"]

    assert set(operation["requestBody"]["content"]) == {"multipart/form-data"}
    assert str(MAX_UPLOAD_BYTES) in operation["description"]
    assert set(operation["responses"]) >= {"202", "400", "401", "413", "415", "422", "503"}
    assert (form["required"], form["properties"]["type"]["default"]) == (["file"], "acme.scan")
    assert set(form["properties"]) == {*FIELDS, "file"}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "acme.leter", "input": {"markdown": "x"}},
        {"type": "acme.letter"},
        {"type": "acme.letter", "input": {}},
        {"type": "acme.letter", "input": {"markdown": "x"}, "priority": "nromal"},
        {"type": "acme.letter", "input": {"markdown": "x"}, "user_id": ""},
        {"type": "acme.letter", "input": {"markdown": "x"}, "delay_seconds": -1},
        {"type": "acme.letter", "input": {"markdown": "x"}, "prio": "low"},
    ],
    ids=str,
)
async def test_what_the_document_forbids_is_refused(
    client: httpx.AsyncClient, document: dict[str, Any], body
):
    assert not schema_check(document, "Submission").is_valid(body)
    assert (await client.post("/api/queues/tasks", json=body)).status_code == 422


def test_the_examples_fit_the_schema():
    document = openapi_document(ai_catalogue(), max_body_bytes=1, max_upload_bytes=1)
    body = document["paths"]["/api/queues/tasks"]["post"]["requestBody"]
    examples = body["content"]["application/json"]["examples"]

    declared = [each for task in penstock_ai.penstock_tasks() for each in task.examples]
    assert len(examples) == len(declared) > 0
    for example in examples.values():
        schema_check(document, "Submission").validate(example["value"])
