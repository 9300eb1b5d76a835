import httpx

from penstock.dispatch import Submission
from penstock.engine import EngineUnavailableError
from penstock.ledger import LedgerUnavailableError
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import problem_of


async def test_status_has_an_entry_for_every_queue(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    await dispatch.submit(Submission("acme.letter", b'{"markdown": "x"}'))
    answer = await client.get("/api/queues/status")

    assert answer.status_code == 200
    counts = dict.fromkeys(
        ["waiting", "active", "completed", "failed", "delayed", "cancelled", "workers", "parked"], 0
    )
    state = {"paused": False, "draining": False, "declared": True}
    assert answer.json() == {
        "success": True,
        "data": {"acme": counts | state | {"waiting": 1}, "empty": counts | state},
    }


async def test_status_without_redis_names_it(client: httpx.AsyncClient, dispatch: InMemoryDispatch):
    dispatch.fault = EngineUnavailableError("Redis could not count: refused by 10.0.0.7")
    answer = await client.get("/api/queues/status")

    problem = problem_of(answer, 503)
    assert problem["type"] == "/problems/redis-unavailable"
    assert "Redis" in problem["detail"]
    assert "10.0.0.7" not in answer.text
    assert "Retry-After" in answer.headers


async def test_status_without_the_database_names_it(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    dispatch.fault = LedgerUnavailableError("the database could not count")

    problem = problem_of(await client.get("/api/queues/status"), 503)
    assert problem["type"] == "/problems/database-unavailable"
