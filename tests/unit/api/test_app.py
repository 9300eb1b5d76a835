"""The application as a whole: what it starts, and what importing it brings along."""

import subprocess
import sys
from contextlib import asynccontextmanager

from penstock.api import SingleKeyAccess, create_api
from tests.unit.api.in_memory_services import InMemoryServices


async def test_the_lifespan_is_entered_and_left_with_the_server(services: InMemoryServices):
    events = []

    @asynccontextmanager
    async def lifespan(_):
        events.append("opened")
        yield
        events.append("closed")

    api = create_api(
        services,
        access=SingleKeyAccess("k"),
        max_body_bytes=1000,
        max_upload_bytes=1000,
        lifespan=[lifespan],
    )
    assert events == []
    async with api.lifespan():
        assert events == ["opened"]
    assert events == ["opened", "closed"]


def test_the_api_and_a_plugins_declarations_bring_no_heavy_dependency_along():
    code = (
        "import sys, penstock.api, penstock_ai;"
        "heavy = {'typst', 'docx', 'markdown_it', 'advanced_alchemy'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
