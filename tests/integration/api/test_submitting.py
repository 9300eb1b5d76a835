"""What is posted over HTTP, on both databases and a real Redis: keys, uniqueness, many, waiting."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from penstock.app import Application
from penstock.plugins import UnknownProviderError
from penstock.settings import Settings
from tests.integration.client.conftest import acme_catalogue
from tests.services.at_work import at_work
from tests.unit.api.problem_checks import problem_of

TASK: dict[str, Any] = {"type": "acme.resize", "input": {"source": "cat.png"}}


@pytest.fixture
async def application(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Application]:
    more = {"PENSTOCK_QUEUE_ACME_MAX_WAITING": "100", "PENSTOCK_MAX_WAIT_SECONDS": "10"}
    settings = Settings.load(environment | more, tmp_path)
    async with Application(settings, acme_catalogue()) as application:
        yield application


@pytest.fixture
async def working(application: Application) -> AsyncIterator[None]:
    async with at_work(application.worker()):
        yield


def check_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    document = problem_of(answer, status)
    assert document["type"] == f"/problems/{slug}"
    return document


async def post(client: httpx.AsyncClient, body: Any = TASK, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/api/queues/tasks", json=body, headers=named)


async def bulk(client: httpx.AsyncClient, tasks: Any, key: str = "", **more: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"tasks": tasks, **more}
    return await client.post("/api/queues/tasks/bulk", json=body, headers=headers)


async def waiting(application: Application) -> int:
    return await application.ledger.count_pending("acme", most=2000)


async def test_fifty_posts_with_one_key_are_one_task(
    client: httpx.AsyncClient, application: Application
):
    answers = await asyncio.gather(*(post(client, Idempotency_Key="k") for _ in range(50)))

    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["data"]["id"] for each in answers}) == 1
    assert [each.headers.get("idempotency-replayed") for each in answers].count("true") == 49
    assert await waiting(application) == 1


async def test_a_key_with_another_body_is_a_409_that_says_what_to_do(
    client: httpx.AsyncClient, application: Application
):
    await post(client, Idempotency_Key="k")

    for other in ({"priority": "high"}, {"input": {"source": "dog.png"}}, {"delay_seconds": 5}):
        answer = await post(client, TASK | other, Idempotency_Key="k")
        document = check_problem(answer, 409, "idempotency-key-reused")
        assert "'k' was used before" in document["detail"]
        assert "take a new key" in document["detail"]
    assert await waiting(application) == 1


async def test_a_repeat_shows_the_task_as_it_is_now(client: httpx.AsyncClient):
    task_id = (await post(client, Idempotency_Key="k")).json()["data"]["id"]
    await client.post(f"/api/queues/tasks/{task_id}/cancel")

    again = await post(client, Idempotency_Key="k")

    assert again.status_code == 202
    assert (again.json()["data"]["id"], again.json()["data"]["status"]) == (task_id, "cancelled")
    assert again.headers["location"] == f"/api/queues/tasks/{task_id}"


@pytest.mark.parametrize("key", ["", "a key", "a\tkey", "x" * 256])
async def test_a_header_that_is_no_key_is_refused(client: httpx.AsyncClient, key: str):
    answer = await post(client, Idempotency_Key=key)

    check_problem(answer, 400, "invalid-idempotency-key")


async def test_the_body_may_name_the_key_but_no_other_than_the_header(client: httpx.AsyncClient):
    first = await post(client, TASK | {"idempotency_key": "k"})
    second = await post(client, Idempotency_Key="k")
    assert first.json()["data"]["id"] == second.json()["data"]["id"]

    refused = await post(client, TASK | {"idempotency_key": "k"}, Idempotency_Key="l")
    document = check_problem(refused, 422, "invalid-request")
    assert document["errors"][0]["field"] == "$.idempotency_key"


async def test_an_open_twin_is_answered_instead_of_another_one(
    client: httpx.AsyncClient, application: Application
):
    first = await post(client, TASK | {"unique": True})
    # What the input leaves out is what it says here.
    explicit = {"type": "acme.resize", "input": {"width": 320, "source": "cat.png"}}
    second = await post(client, explicit | {"unique": True, "priority": "high"})
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.headers["existing-task"] == "true"
    assert second.json()["data"] == first.json()["data"]

    for other in ({"user_id": "ada"}, {"input": {"source": "dog.png"}}, {"unique": False}):
        assert (await post(client, TASK | {"unique": True} | other)).status_code == 202
    assert await waiting(application) == 4


async def test_a_type_may_be_unique_by_itself_and_its_twin_is_not_run_again(
    client: httpx.AsyncClient,
):
    once = {"type": "acme.once", "input": {"source": "cat.png"}}
    first = (await post(client, once)).json()["data"]["id"]
    await client.post(f"/api/queues/tasks/{first}/cancel")
    second = (await post(client, once)).json()["data"]["id"]
    assert second != first

    document = check_problem(
        await client.post(f"/api/queues/tasks/{first}/retry"), 409, "unique-task-open"
    )
    assert second in document["detail"]


async def test_all_of_many_are_accepted_in_order(
    client: httpx.AsyncClient, application: Application
):
    tasks = [{"type": "acme.resize", "input": {"source": "a", "width": n}} for n in range(100)]
    before = application.ledger.database.statements

    answer = await bulk(client, tasks)

    assert answer.status_code == 202
    # What goes on beside is among them.
    assert application.ledger.database.statements - before <= 30
    found = answer.json()["data"]
    assert [each["task"]["input"]["width"] for each in found] == list(range(100))
    assert {(each["status"], each["origin"]) for each in found} == {(202, "new")}
    assert await waiting(application) == 100


async def test_of_many_with_faults_none_is_accepted_and_each_is_named(
    client: httpx.AsyncClient, application: Application
):
    tasks: list[Any] = [TASK] * 20
    tasks[17] = {"type": "acme.resize", "input": {"source": "a", "width": "wide"}}
    tasks[18] = {"type": "acme.resize", "input": {"source": 5}}
    document = check_problem(await bulk(client, tasks), 422, "invalid-request")
    fields = [each["field"] for each in document["errors"]]
    assert fields == ["$.tasks[17].input.width", "$.tasks[18].input.source"]

    tasks[3], tasks[4] = TASK | {"priority": "soon"}, 7
    document = check_problem(await bulk(client, tasks), 422, "invalid-request")
    fields = [each["field"] for each in document["errors"]]
    assert fields == ["$.tasks[3].priority", "$.tasks[4]"]
    assert await waiting(application) == 0


async def test_each_of_many_may_be_accepted_for_itself(
    client: httpx.AsyncClient, application: Application
):
    bad = {"type": "acme.resize", "input": {}}
    answer = await bulk(client, [TASK, bad, TASK | {"tpye": 1}, TASK], atomic=False)

    assert answer.status_code == 207
    found = answer.json()["data"]
    assert [each["status"] for each in found] == [202, 422, 422, 202]
    assert found[1]["problem"]["errors"][0]["field"] == "$.input.source"
    assert "did you mean 'type'" in found[2]["problem"]["errors"][0]["remedy"]
    assert await waiting(application) == 2


async def test_a_function_of_a_plugin_that_fails_takes_no_answer_from_the_others(
    client: httpx.AsyncClient, application: Application, caplog: pytest.LogCaptureFixture
):
    answer = await bulk(client, [TASK, {"type": "acme.paint", "input": {}}, TASK], atomic=False)

    assert answer.status_code == 207
    found = answer.json()["data"]
    assert [each["status"] for each in found] == [202, 500, 202]
    assert found[1]["problem"]["type"] == "/problems/internal-error"
    assert "painter" not in answer.text
    assert "KeyError: 'painter'" in caplog.text
    assert await waiting(application) == 2


async def test_what_a_plugin_does_wrong_is_in_the_log_however_it_is_posted(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    wrong = {"type": "acme.paint", "input": {"painter": "nobody"}}

    with capture_logs() as logs:
        one = await post(client, wrong)
    together = await bulk(client, [TASK, wrong])
    each = (await bulk(client, [TASK, wrong], atomic=False)).json()["data"]

    for answer in (one, together):
        check_problem(answer, 500, "internal-error")
        assert "nobody" not in answer.text
    assert [one["status"] for one in each] == [202, 500]
    (line,) = [line for line in logs if line["event"] == "unexpected error"]
    assert isinstance(line["exc_info"], UnknownProviderError)
    assert caplog.text.count("UnknownProviderError: ") == 2


async def test_many_fit_or_none_is_accepted(client: httpx.AsyncClient, application: Application):
    assert (await bulk(client, [TASK] * 60)).status_code == 202

    refused = await bulk(client, [TASK] * 60)
    document = check_problem(refused, 429, "queue-full")
    assert "no room for 60 more tasks" in document["detail"]
    assert int(refused.headers["retry-after"]) >= 1

    each = (await bulk(client, [TASK] * 60, atomic=False)).json()["data"]
    assert [one["status"] for one in each] == [202] * 40 + [429] * 20
    assert await waiting(application) == 100


async def test_who_repeats_what_was_accepted_asks_for_no_room(
    client: httpx.AsyncClient, application: Application
):
    first = await post(client, Idempotency_Key="k")
    many = await bulk(client, [TASK] * 99, key="m")
    assert (await post(client)).status_code == 429

    assert (await post(client, Idempotency_Key="k")).json() == first.json()
    again = await bulk(client, [TASK] * 99, key="m")
    assert [each["task"]["id"] for each in again.json()["data"]] == [
        each["task"]["id"] for each in many.json()["data"]
    ]
    assert await waiting(application) == 100


async def test_a_repeat_is_answered_though_its_deadline_has_passed_and_its_queue_drains(
    client: httpx.AsyncClient, application: Application
):
    for seconds in (0.5, 2, 10):  # the slower this machine, the more time it has
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        late = TASK | {"deadline": deadline.isoformat()}
        tasks, (one, m, n, f) = [late, TASK], (f"{name}{seconds}" for name in "kmnf")
        first = await post(client, late, Idempotency_Key=one)
        many = [await bulk(client, tasks, key=key, atomic=key == m) for key in (m, n)]
        file = await upload(client, b"one", key=f)
        if [each.status_code for each in (first, *many, file)] == [202, 202, 207, 202]:
            break
    await asyncio.sleep(max(0, (deadline - datetime.now(UTC)).total_seconds()))
    await application.queue_control.drain("acme", by="a test")

    again = await post(client, late, Idempotency_Key=one)
    # The task as it is now: by its deadline it may have failed.
    assert (again.status_code, again.json()["data"]["id"]) == (202, first.json()["data"]["id"])
    for key, before in zip((m, n), many, strict=True):
        repeated = (await bulk(client, tasks, key=key, atomic=key == m)).json()["data"]
        assert [each["task"]["id"] for each in repeated] == [
            each["task"]["id"] for each in before.json()["data"]
        ]
        assert [each["origin"] for each in repeated] == ["replayed"] * 2
    uploaded = await upload(client, b"one", key=f)
    assert uploaded.json()["data"]["id"] == file.json()["data"]["id"]
    check_problem(await post(client, TASK, Idempotency_Key="other"), 503, "queue-draining")
    check_problem(await post(client, late, Idempotency_Key="other"), 503, "queue-draining")
    check_problem(await post(client, TASK, Idempotency_Key=one), 409, "idempotency-key-reused")


@pytest.mark.parametrize("atomic", [True, False])
async def test_many_with_a_key_are_the_same_again(
    client: httpx.AsyncClient, application: Application, *, atomic: bool
):
    tasks = [TASK, TASK | {"idempotency_key": "own"}, TASK | {"unique": True}]
    first, second = [
        (await bulk(client, tasks, key="k", atomic=atomic)).json()["data"] for _ in range(2)
    ]

    assert [each["task"]["id"] for each in first] == [each["task"]["id"] for each in second]
    assert [each["origin"] for each in second] == ["replayed"] * 3
    for others in (tasks[:2], [*tasks, TASK]):
        answer = await bulk(client, others, key="k", atomic=atomic)
        check_problem(answer, 409, "idempotency-key-reused")
    check_problem(await post(client, Idempotency_Key="k"), 409, "idempotency-key-reused")
    assert await waiting(application) == 3


async def test_a_key_among_many_that_was_used_for_something_else(
    client: httpx.AsyncClient, application: Application
):
    await post(client, Idempotency_Key="k")
    tasks = [TASK, TASK | {"idempotency_key": "k", "priority": "high"}]

    check_problem(await bulk(client, tasks), 409, "idempotency-key-reused")
    assert await waiting(application) == 1
    each = (await bulk(client, tasks, atomic=False)).json()["data"]
    assert [one["status"] for one in each] == [202, 409]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "$.tasks"),
        ({"tasks": {}}, "$.tasks"),
        ({"tasks": []}, "$.tasks"),
        ({"tasks": [TASK] * 1001}, "$.tasks"),
        ({"tasks": [TASK], "atomic": "yes"}, "$.atomic"),
        ({"tasks": [TASK], "task": 1}, "$.task"),
    ],
)
async def test_a_body_that_is_none_of_many_is_refused(client: httpx.AsyncClient, body, field):
    answer = await client.post("/api/queues/tasks/bulk", json=body)

    assert check_problem(answer, 422, "invalid-request")["errors"][0]["field"] == field


async def test_who_prefers_to_wait_is_sent_the_outcome(client: httpx.AsyncClient, working: None):
    answer = await post(client, Prefer="respond-async, wait=20")

    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=10"
    assert answer.json()["data"]["status"] == "success"
    assert answer.json()["data"]["result"] == {"key": "cat.png@320"}


async def test_who_waits_in_vain_follows_the_task_as_ever(
    client: httpx.AsyncClient, application: Application
):
    waits = asyncio.create_task(post(client, Prefer="wait=1"))
    await asyncio.sleep(0.3)
    pool = cast("Any", application.ledger.database.engine.pool)
    held = set()
    for _ in range(20):
        held.add(pool.checkedout())
        await asyncio.sleep(0.01)
    assert 0 in held
    answer = await waits

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["data"]["status"] == "pending"


@pytest.mark.parametrize("preference", ["wait", "wait=-1", "wait=soon", "return=minimal", ""])
async def test_a_preference_that_is_not_understood_is_ignored(
    client: httpx.AsyncClient, preference: str
):
    answer = await post(client, Prefer=preference)

    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


async def upload(
    client: httpx.AsyncClient, content: bytes, key: str = "", **fields: str
) -> httpx.Response:
    return await client.post(
        "/api/uploads",
        files={"file": ("scan.pdf", content, "application/pdf")},
        data=fields,
        headers={"Idempotency-Key": key} if key else {},
    )


async def test_a_file_with_a_known_key_is_not_kept_twice(
    client: httpx.AsyncClient, application: Application
):
    first, *others = [(await upload(client, b"one", key="k")) for _ in range(3)]

    assert [each.status_code for each in (first, *others)] == [202] * 3
    assert {each.json()["data"]["id"] for each in others} == {first.json()["data"]["id"]}
    assert {each.headers["idempotency-replayed"] for each in others} == {"true"}
    check_problem(await upload(client, b"two", key="k"), 409, "idempotency-key-reused")
    unique = [await upload(client, b"three", unique="true") for _ in range(2)]
    assert [each.status_code for each in unique] == [202, 200]

    folder = application.settings.data_dir / "artifacts"
    kept = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert sorted(kept) == [b"one", b"three"]
    assert await waiting(application) == 2


async def test_the_key_of_a_removed_task_is_free_again(
    client: httpx.AsyncClient, application: Application
):
    first = (await post(client, Idempotency_Key="k")).json()["data"]["id"]
    async with application.ledger.database.write("remove it") as connection:
        await connection.execute(text("DELETE FROM task"))

    again = await post(client, Idempotency_Key="k")

    assert again.status_code == 202
    assert "idempotency-replayed" not in again.headers
    assert again.json()["data"]["id"] != first
