"""The API in this process, over HTTP in memory."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from penstock.api import SingleKeyAccess, create_api
from penstock.dispatch import (
    ArtifactStore,
    Dispatch,
    EventHub,
    Policies,
    PolicyControl,
    QueueControl,
    ScheduleControl,
)
from penstock.engine import Engine
from penstock.ledger import Overrides, TaskLog
from penstock.plugins import Catalogue
from penstock.settings import PROVIDERS, QUEUES, TASKS, Setting
from tests.unit.api.acme_plugin import acme_catalogue
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch

KEY = "a-key-for-tests"
# What it does needs a database and Redis: see tests/acceptance/test_queue_settings.py.
NO_QUEUES = QueueControl.__new__(QueueControl)
NO_POLICIES = PolicyControl.__new__(PolicyControl)
NO_SCHEDULES = ScheduleControl.__new__(ScheduleControl)
# The same: see tests/integration/api.
NO_EVENTS = EventHub.__new__(EventHub)
NO_LOG = TaskLog.__new__(TaskLog)
MAX_BODY_BYTES = 300_000
MAX_UPLOAD_BYTES = 1_000_000


@pytest.fixture
def catalogue() -> Catalogue:
    return acme_catalogue()


@pytest.fixture
def dispatch(catalogue: Catalogue) -> InMemoryDispatch:
    return InMemoryDispatch(catalogue)


@pytest.fixture
def artifacts() -> InMemoryArtifacts:
    return InMemoryArtifacts()


@pytest.fixture
def said() -> dict[str, dict[str, dict[str, Setting]]]:
    """What variables and files say of queues, providers and task types."""
    return {}


@pytest.fixture
def policy_control(catalogue: Catalogue, said: dict[str, Any]) -> PolicyControl:
    """What holds of what is declared; nobody can change it here."""
    policies = Policies(
        catalogue,
        kinds=(QUEUES, PROVIDERS, TASKS),
        settings=said,
        overrides=Overrides.__new__(Overrides),
    )
    return PolicyControl(policies=policies, engine=Engine.__new__(Engine))


@pytest.fixture
def api(
    dispatch: InMemoryDispatch,
    artifacts: InMemoryArtifacts,
    catalogue: Catalogue,
    policy_control: PolicyControl,
) -> Litestar:
    return create_api(
        dispatch=cast("Dispatch", dispatch),
        queue_control=NO_QUEUES,
        policy_control=policy_control,
        schedule_control=NO_SCHEDULES,
        artifacts=cast("ArtifactStore", artifacts),
        hub=NO_EVENTS,
        task_log=NO_LOG,
        catalogue=catalogue,
        access=SingleKeyAccess(KEY),
        max_body_bytes=MAX_BODY_BYTES,
        max_upload_bytes=MAX_UPLOAD_BYTES,
    )


@pytest.fixture
async def anonymous_client(api: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    # Litestar's own AsyncTestClient would run the application in another thread and loop.
    transport = httpx.ASGITransport(cast("Any", api), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


@pytest.fixture
async def client(anonymous_client: httpx.AsyncClient) -> httpx.AsyncClient:
    anonymous_client.headers["Authorization"] = f"Bearer {KEY}"
    return anonymous_client
