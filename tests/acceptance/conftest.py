"""Whole installations: HTTP in, outcome out."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services import PostgresServer, RedisServer
from tests.services.installation import Installation

Install = Callable[..., Installation]
FIRST_WAIT = 0.5
"""Seconds before the second attempt of a probe task on `running`, give or take a tenth."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the handlers of the probe plugin write that they ran."""
    return tmp_path / "runs.log"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """What handlers of the probe plugin wait for that are told to: it opens once it is there."""
    return tmp_path / "gate"


@pytest.fixture
def install(tmp_path: Path, redis_url: str, namespace: str, database_url: str) -> Iterator[Install]:
    """Starts an installation of this test's own, on each database in turn."""
    with ExitStack() as stack:

        def start(**options: object) -> Installation:
            settings = {
                "redis_url": redis_url,
                "database_url": database_url,
                "namespace": namespace,
                **options,
            }
            return stack.enter_context(Installation(tmp_path, **settings))  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: RedisServer,
    sqlite_template: Path,
) -> Iterator[Installation]:
    """An installation with a worker, shared by the tests of a module that leave it as it is."""
    folder = tmp_path_factory.mktemp("installation")
    with ExitStack() as stack:
        if request.param == "sqlite":
            copy = shutil.copyfile(sqlite_template, folder / "ledger.db")
            database_url = f"sqlite+aiosqlite:///{copy}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            name = server.create_database(template=request.getfixturevalue("postgres_template"))
            stack.callback(server.drop_database, name)
            database_url = server.url(name)
        installation = stack.enter_context(
            Installation(
                folder,
                redis_url=redis_server.url,
                database_url=database_url,
                namespace=f"test-{uuid.uuid4().hex[:12]}",
                environment={"PENSTOCK_QUEUE_PROBE_INITIAL_INTERVAL": f"{FIRST_WAIT}s"},
            )
        )
        installation.start_worker()
        yield installation
