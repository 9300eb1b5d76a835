"""What every test may ask for: real services, isolated cheaply."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.services import PostgresServer, RedisServer, find_free_port
from tests.skip_guard import SkipGuard

TESTS = Path(__file__).parent
# In the order in which they run: first what takes long, then the one test that takes longest of
# all, beside those that take no time: so all workers of pytest end at once.
TIERS = [
    "acceptance",
    "conformance",
    "migration",
    "integration",
    "browser",
    "helm",
    "chaos",
    "unit",
]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipGuard(), "skip-guard")
    # A deadline per example measures the machine, not the code.
    hypothesis.settings.register_profile("penstock", deadline=None, derandomize=SkipGuard().active)
    hypothesis.settings.load_profile("penstock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, the folder that it lives in, and order them by it."""
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.path} is in no tier: expected a folder of {TIERS}")
        item.add_marker(tier)
    items.sort(key=lambda item: TIERS.index(item.path.relative_to(TESTS).parts[0]))


@pytest.fixture(autouse=True)
def _environment_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this shell configures for Penstock is not part of the test."""
    for name in list(os.environ):
        if name.startswith(("PENSTOCK_", "OPENAI_")) or name in {"REDIS_URL", "DATABASE_URL"}:
            monkeypatch.delenv(name)


@pytest.fixture
def free_port() -> int:
    return find_free_port()


# --- Redis ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The session's server. A test that breaks it starts a `RedisServer` of its own instead."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def namespace() -> str:
    """A key prefix for this test alone: the isolation of a shared Redis."""
    return f"test-{uuid.uuid4().hex[:12]}"


# --- Databases --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database, to be copied and never connected to."""
    from penstock.ledger.migrate import upgrade

    name = postgres_server.create_database()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied and never opened."""
    from penstock.ledger.migrate import upgrade

    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'ledger.db')}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    name = postgres_server.create_database(template=postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database: each test that asks for it runs on both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
