"""The API in this process, over HTTP in memory."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from penstock.api import SingleKeyAccess, create_api
from penstock.plugins import Catalogue
from penstock.settings import Setting
from tests.unit.api.acme_plugin import acme_catalogue
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch
from tests.unit.api.in_memory_services import InMemoryServices

KEY = "a-key-for-tests"
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
def services(
    dispatch: InMemoryDispatch,
    artifacts: InMemoryArtifacts,
    catalogue: Catalogue,
    said: dict[str, dict[str, dict[str, Setting]]],
) -> InMemoryServices:
    return InMemoryServices(catalogue, dispatch, artifacts, said)


@pytest.fixture
def api(services: InMemoryServices) -> Litestar:
    return create_api(
        services,
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
