"""Bad input over real HTTP: each a 4xx problem with field and remedy, and no row in the ledger."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.services.installation import Installation

GOOD = {"type": "probe.line", "input": {"log": "/dev/null"}}
MAX_BODY_BYTES = 1024 * 1024


def rows(installation: Installation) -> int:
    """How many tasks the ledger has."""

    async def count() -> int:
        engine = create_async_engine(installation.environment["DATABASE_URL"])
        try:
            async with engine.connect() as connection:
                result = await connection.execute(text("SELECT count(*) FROM task"))
                return int(result.scalar_one())
        finally:
            await engine.dispose()

    return asyncio.run(count())


def post(installation: Installation, content: bytes) -> httpx.Response:
    return installation.client.post(
        "/api/queues/tasks", content=content, headers={"Content-Type": "application/json"}
    )


def refused(answer: httpx.Response, status: int) -> list[dict[str, Any]]:
    """The errors of a problem document, checked for what all of them promise."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["success"] is False
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    errors: list[dict[str, Any]] = problem["errors"]
    assert errors
    assert all(each["field"] and each["message"] and each["remedy"] for each in errors)
    return errors


def body(**fields: object) -> bytes:
    return json.dumps(GOOD | fields).encode()


@pytest.mark.parametrize(
    ("content", "status", "field", "remedy"),
    [
        pytest.param(body(input={"log": 5}), 422, "$.input.log", "task-types", id="wrong type"),
        pytest.param(body(input={}), 422, "$.input.log", "add it", id="missing field"),
        pytest.param(body(prio="low"), 422, "$.prio", "'priority'", id="unknown field"),
        pytest.param(body(type="probe.lien"), 422, "$.type", "'probe.line'", id="unknown type"),
        pytest.param(b'{"type": ', 400, "$", "valid JSON", id="malformed JSON"),
        pytest.param(b"", 400, "$", "JSON object", id="empty body"),
        pytest.param(b"[" * 100_000, 422, "$", "at most 64", id="100,000 brackets"),
        pytest.param(
            body().replace(b'"/dev/null"', b"[" * 500 + b"]" * 500),
            422,
            "$.input",
            "task-types",
            id="500 levels in the input",
        ),
        pytest.param(
            b" " * (MAX_BODY_BYTES + 1), 413, "$", str(MAX_BODY_BYTES), id="body over the limit"
        ),
        pytest.param(body(priority="urgnt"), 422, "$.priority", "urgent", id="unknown priority"),
        pytest.param(body(input={"log": "\0"}), 422, "$.input.log", "NUL", id="NUL in the input"),
        pytest.param(body(user_id="a\0"), 422, "$.user_id", "NUL", id="NUL in user_id"),
        pytest.param(body(type="probe.line\0"), 422, "$.type", "NUL", id="NUL in type"),
        pytest.param(
            body(input={"log": "x", "a\0": 1}), 422, '$.input["a\\u0000"]', "NUL", id="NUL in a key"
        ),
        pytest.param(
            body().replace(b"/dev/null", b"\\ud800"), 400, "$.input.log", "JSON", id="surrogate"
        ),
        pytest.param(
            body().replace(b"/dev/null", b"\xff"), 400, "$.input.log", "UTF-8", id="invalid UTF-8"
        ),
        pytest.param(
            body(input={"log": "x", "skipped": float("nan")}),
            400,
            "$.input.skipped",
            "JSON",
            id="NaN",
        ),
        pytest.param(body(user_id="u" * 256), 422, "$.user_id", "255", id="long user_id"),
    ],
)
def test_bad_input_is_refused_with_field_and_remedy_and_nothing_is_written(
    running: Installation, content: bytes, status: int, field: str, remedy: str
) -> None:
    before = rows(running)

    errors = refused(post(running, content), status)

    assert [each["field"] for each in errors] == [field]
    assert remedy in errors[0]["remedy"]
    assert rows(running) == before


def test_a_form_is_refused_and_nothing_is_written(running: Installation) -> None:
    before = rows(running)

    answer = running.client.post("/api/queues/tasks", data={"type": "probe.line"})

    assert "application/json" in refused(answer, 415)[0]["remedy"]
    assert rows(running) == before


def test_without_the_key_nothing_is_written(running: Installation) -> None:
    before = rows(running)

    answer = running.client.post(
        "/api/queues/tasks", json=GOOD, headers={"Authorization": "Bearer wrong"}
    )

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert rows(running) == before
