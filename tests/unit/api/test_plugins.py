"""`GET /api/plugins`, and submits to plugins that did not load."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import httpx
import msgspec
import pytest

from penstock import Middleware, TaskListener
from penstock.api import SingleKeyAccess, create_api
from penstock.plugins import (
    Catalogue,
    DisabledPlugin,
    QuarantinedPlugin,
    inventory,
)
from tests.unit.api.acme_plugin import acme_catalogue
from tests.unit.api.conftest import (
    KEY,
)
from tests.unit.api.in_memory_services import InMemoryServices
from tests.unit.api.problem_checks import problem_of

BROKEN = QuarantinedPlugin(
    name="broken",
    distribution="penstock-broken",
    version="2.0",
    requires="penstock>=9",
    problems=["it requires 'penstock>=9', and penstock 0.1.0 is installed"],
    task_types=["odd.name"],
)
UNWANTED = DisabledPlugin(
    name="unwanted",
    distribution="penstock-unwanted",
    version="3.0",
    reason="PENSTOCK_PLUGINS_DISABLED names it",
)


def never(_: object) -> Any:
    """Only workers make what plugins declare."""
    raise NotImplementedError


class Tuning(msgspec.Struct, frozen=True):
    colour: str = "grey"


@pytest.fixture
def catalogue() -> Catalogue:
    (acme,) = acme_catalogue().plugins
    extended = replace(
        acme,
        settings=[Tuning],
        middlewares=[Middleware("timing", make=never)],
        listeners=[TaskListener("pager", open=never)],
    )
    return Catalogue(plugins=[extended], quarantined=[BROKEN], disabled=[UNWANTED])


@pytest.fixture
async def client(catalogue: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    api = create_api(
        InMemoryServices(catalogue),
        access=SingleKeyAccess(KEY),
        max_body_bytes=10_000,
        max_upload_bytes=10_000,
        plugins=inventory(catalogue, {"acme": ["PENSTOCK_ACME_COLOUR"]}),
    )
    transport = httpx.ASGITransport(cast("Any", api), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


def authorized() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}


async def test_every_plugin_is_listed_with_what_it_brings_or_why_it_is_not_there(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/api/plugins", headers=authorized())

    acme, broken, unwanted = answer.json()["data"]
    assert (acme["state"], broken["state"], unwanted["state"]) == (
        "loaded",
        "quarantined",
        "disabled",
    )
    assert acme["settings"] == ["PENSTOCK_ACME_COLOUR"]
    assert (acme["middlewares"], acme["listeners"]) == (["timing"], ["pager"])
    assert (broken["requires"], broken["problems"]) == ("penstock>=9", list(BROKEN.problems))
    assert unwanted["problems"] == [UNWANTED.reason]


async def test_the_list_is_for_those_with_a_key(client: httpx.AsyncClient) -> None:
    problem_of(await client.get("/api/plugins"), 401)


@pytest.mark.parametrize(
    ("task_type", "named"),
    [
        ("broken.run", "plugin 'broken' (penstock-broken 2.0) is quarantined: it requires"),
        ("odd.name", "plugin 'broken' (penstock-broken 2.0) is quarantined: it requires"),
        ("unwanted.run", "(penstock-unwanted 3.0) is not loaded: PENSTOCK_PLUGINS_DISABLED"),
    ],
)
async def test_a_task_of_a_plugin_that_did_not_load_is_refused_with_the_reason(
    client: httpx.AsyncClient, task_type: str, named: str
) -> None:
    body = {"type": task_type, "input": {}}
    answer = await client.post("/api/queues/tasks", json=body, headers=authorized())

    problem = problem_of(answer, 503)
    assert problem["type"] == "/problems/plugin-not-loaded"
    assert named in problem["detail"]
    assert "GET /api/plugins" in problem["detail"]
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_task_type_that_nobody_has_is_unknown_still(client: httpx.AsyncClient) -> None:
    body = {"type": "acme.lettre", "input": {}}
    answer = await client.post("/api/queues/tasks", json=body, headers=authorized())

    assert problem_of(answer, 422)["type"] == "/problems/unknown-task-type"
