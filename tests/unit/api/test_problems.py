import httpx
import pytest
from structlog.testing import capture_logs

from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import problem_of


async def test_an_unknown_path_is_a_problem(anonymous_client: httpx.AsyncClient):
    for path in ("/", "/api", "/api/nothing", "/api/task-types/a/b"):
        problem = problem_of(await anonymous_client.get(path), 404)
        assert problem["type"] == "/problems/not-found"
        assert problem["instance"] == path
        assert "GET /api/openapi.json" in problem["detail"]


async def test_an_unknown_method_is_a_problem_that_lists_the_known(
    anonymous_client: httpx.AsyncClient,
):
    answer = await anonymous_client.delete("/api/queues/tasks")

    assert problem_of(answer, 405)["type"] == "/problems/method-not-allowed"
    assert "POST" in answer.headers["Allow"]


async def test_an_unexpected_error_is_logged_and_not_told(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.fault = ZeroDivisionError("the secret of 42")
    with capture_logs() as logs:
        answer = await client.get("/api/queues/status")

    problem = problem_of(answer, 500)
    assert problem["type"] == "/problems/internal-error"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (line,) = [each for each in logs if each["event"] == "unexpected error"]
    assert line["exc_info"] is dispatch.fault
    assert line["request_id"] == problem["request_id"]
    assert line["log_level"] == "error"


async def test_an_error_that_is_the_callers_is_not_logged_as_ours(client: httpx.AsyncClient):
    with capture_logs() as logs:
        await client.get("/api/nothing")
        await client.get("/api/queues/tasks/17")
        await client.post("/api/queues/tasks", json={})

    assert {each["log_level"] for each in logs} == {"info"}


async def test_each_request_is_logged_without_its_content(client: httpx.AsyncClient):
    with capture_logs() as logs:
        await client.post(
            "/api/queues/tasks?token=hidden",
            json={"type": "acme.letter", "input": {"markdown": "private"}},
            headers={"X-Request-Id": "abc-1"},
        )

    (line,) = logs
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/queues/tasks", 202)
    assert line["ms"] >= 0
    assert "private" not in str(logs)
    assert "hidden" not in str(logs)


async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient):
    answer = await client.get("/api/health", headers={"X-Request-Id": "edge/7f:3"})

    assert answer.headers["X-Request-Id"] == "edge/7f:3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", "ü"])
async def test_another_request_id_is_replaced(client: httpx.AsyncClient, given):
    header = given.encode("latin-1")
    answer = await client.get("/api/health", headers={b"X-Request-Id": header})

    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient):
    for path in ("/api/health", "/api/queues/status", "/nothing", "/api/queues/tasks"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
