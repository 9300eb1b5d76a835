"""What every problem document has, whatever it is about."""

from typing import Any

import httpx


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document in ``answer``, checked for what all of them promise."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["success"] is False
    assert document["status"] == status
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    assert document["instance"].startswith("/")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


def field_errors(answer: httpx.Response, status: int) -> dict[str, dict[str, str]]:
    """Its errors by field; each says what is wrong and what to do."""
    errors = problem_of(answer, status)["errors"]
    for error in errors:
        assert set(error) == {"field", "message", "remedy"}
        assert all(error.values())
    return {error["field"]: error for error in errors}
