"""What pytest gets from an installed Penstock: fixtures, options and markers.

Nothing of Penstock is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from penstock.plugins import Catalogue
    from penstock.testing.harness import Harness
    from penstock.testing.services import RealServices

_fixture: Any = pytest.fixture
# It runs `async def` fixtures and tests; `penstock[testing]` brings it.
with suppress(ImportError):
    _fixture = import_module("pytest_asyncio").fixture


def pytest_addoption(parser: pytest.Parser) -> None:
    """See `pytest --help`."""
    group = parser.getgroup("penstock")
    group.addoption(
        "--penstock-snapshot",
        action="store_true",
        default=False,
        help="write the schemas of plugins under test anew, to be committed",
    )
    group.addoption(
        "--penstock-redis",
        metavar="URL",
        help="a Redis for tests on real services, instead of one that is started",
    )
    group.addoption(
        "--penstock-database",
        metavar="URL",
        help="an empty database for tests on real services, instead of files of SQLite",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say what the markers mean."""
    config.addinivalue_line(
        "markers",
        "penstock_services: needs a Redis, which is started; -m 'not penstock_services' for none",
    )
    config.addinivalue_line(
        "markers",
        "penstock_plugins(*names): the plugins of penstock_services, instead of all installed",
    )


@_fixture  # type: ignore[untyped-decorator]
async def harness() -> AsyncIterator[Harness]:
    """Runs task types in this process, with no services; see :class:`penstock.testing.Harness`."""
    from penstock.testing.harness import Harness  # noqa: PLC0415  (see above)

    async with Harness() as harness:
        yield harness


@_fixture  # type: ignore[untyped-decorator]
async def penstock_services(
    request: pytest.FixtureRequest, penstock_redis_url: str, penstock_database: Mapping[str, Any]
) -> AsyncIterator[RealServices]:
    """An installation of the test's own; see :class:`penstock.testing.RealServices`."""
    from penstock.testing.services import RealServices  # noqa: PLC0415  (see above)

    marker = request.node.get_closest_marker("penstock_plugins")
    plugins = None if marker is None else marker.args
    services = RealServices(plugins=plugins, redis_url=penstock_redis_url, **penstock_database)
    async with services:
        yield services


@pytest.fixture(scope="session")
def penstock_catalogue() -> Catalogue:
    """All installed plugins, loaded once."""
    from penstock.plugins import discover  # noqa: PLC0415  (see above)
    from penstock.selected_plugins import loaded  # noqa: PLC0415  (see above)

    return loaded(discover())


@pytest.fixture(scope="session")
def penstock_redis_url(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The Redis of this session, in which each test has a namespace of its own."""
    from penstock.embedded import EmbeddedRedis  # noqa: PLC0415  (see above)

    given: str | None = pytestconfig.getoption("penstock_redis")
    if given is not None:
        yield given
        return
    with EmbeddedRedis(tmp_path_factory.mktemp("penstock-redis")) as server:
        yield server.url


@pytest.fixture(scope="session")
def penstock_database(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Any]:
    """What tells `RealServices` its database: a URL, or a migrated file to copy."""
    from penstock.ledger.migrate import upgrade  # noqa: PLC0415  (see above)

    given: str | None = pytestconfig.getoption("penstock_database")
    if given is not None:
        return {"database_url": given}
    template: Path = tmp_path_factory.mktemp("penstock-database") / "template.db"
    upgrade(f"sqlite+aiosqlite:///{template}")
    return {"template": template}
