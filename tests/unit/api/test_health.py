import asyncio
import time

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from penstock.dispatch import Component
from penstock.ledger import NotMigratedError
from tests.services.standstill import STANDSTILL
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import problem_of


async def test_health_needs_no_key_and_shows_each_service(anonymous_client: httpx.AsyncClient):
    answer = await anonymous_client.get("/api/health")

    assert answer.status_code == 200
    up = {"status": "up", "latency_ms": 0.5, "detail": ""}
    assert answer.json() == {
        "success": True,
        "data": {
            "status": "ok",
            "redis": up,
            "database": up,
            "workers": {"acme": 1},
            "quarantined": [],
        },
    }


async def test_health_is_degraded_while_a_plugin_is_quarantined_and_keeps_the_reason_to_itself(
    anonymous_client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.current_health = msgspec.structs.replace(
        dispatch.current_health, status="degraded", quarantined=["acme"]
    )
    answer = await anonymous_client.get("/api/health")

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["status"], data["quarantined"]) == ("degraded", ["acme"])


@pytest.mark.parametrize(
    ("down", "named"),
    [
        (["redis"], "redis is down"),
        (["database"], "database is down"),
        (["redis", "database"], "redis and database are down"),
    ],
)
async def test_a_service_that_is_down_is_named(
    anonymous_client: httpx.AsyncClient, dispatch: InMemoryDispatch, down, named
):
    away = Component(status="down", detail="no route to 10.0.0.7 for user admin")
    dispatch.current_health = msgspec.structs.replace(
        dispatch.current_health, status="unavailable", **dict.fromkeys(down, away)
    )
    with capture_logs() as logs:
        answer = await anonymous_client.get("/api/health")

    problem = problem_of(answer, 503)
    assert problem["type"] == f"/problems/{'-and-'.join(down)}-unavailable"
    assert named in problem["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    for name in ("redis", "database"):
        assert problem["data"][name]["status"] == ("down" if name in down else "up")
    # Why is for the log, not for everybody.
    assert "10.0.0.7" not in answer.text
    reasons = {line["service"]: line["reason"] for line in logs if "service" in line}
    assert reasons == dict.fromkeys(down, away.detail)


async def test_a_database_that_was_not_set_up_is_told_to_everybody_with_the_command(
    anonymous_client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    lacking = Component(status="not_migrated", detail=NotMigratedError.remedy)
    dispatch.current_health = msgspec.structs.replace(
        dispatch.current_health, status="unavailable", database=lacking
    )

    problem = problem_of(await anonymous_client.get("/api/health"), 503)

    assert problem["type"] == "/problems/database-unavailable"
    assert "database: it lacks tables of Penstock; run `penstock db upgrade`" in problem["detail"]
    assert problem["data"]["database"]["status"] == "not_migrated"


async def test_health_answers_within_two_seconds_whatever_happens(
    anonymous_client: httpx.AsyncClient,
    dispatch: InMemoryDispatch,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(dispatch, "health", asyncio.Event().wait)
    started = time.perf_counter()
    answer = await anonymous_client.get("/api/health")

    assert time.perf_counter() - started < 2 + STANDSTILL
    problem_of(answer, 503)
