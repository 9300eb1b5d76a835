"""Every broken plugin of `tests/unit/plugins/` at once, beside one that works."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import find_free_port
from tests.services.installation import PROBE_PLUGIN, Installation, wait_until
from tests.unit.plugins.broken_plugins import BROKEN
from tests.unit.plugins.installing import GOOD, Package, install

# pydantic, which reads the entry points of all packages, cannot be imported beside this one, which
# no installer writes; `penstock plugins list` still says whose fault it is.
INSTALLED = {name: each for name, each in BROKEN.items() if name != "unreadable_points"}


@pytest.fixture
def penstock(
    redis_url: str, sqlite_url: str, namespace: str, tmp_path: Path
) -> Iterator[Installation]:
    site = tmp_path / "site"
    site.mkdir()
    install(Package(name="acme", source=GOOD.format(name="acme")), site)
    for each in INSTALLED.values():
        install(each.package(), site)
    with Installation(
        tmp_path,
        redis_url=redis_url,
        database_url=sqlite_url,
        namespace=namespace,
        environment={"PYTHONPATH": f"{site}:{PROBE_PLUGIN}"},
    ) as installation:
        yield installation


def test_fifty_broken_plugins_harm_nobody_and_are_all_named(penstock: Installation) -> None:
    port = find_free_port()
    worker = penstock.start("worker", PENSTOCK_PROBE_PORT=str(port))
    wait_until(lambda: "serving queue 'acme'" in penstock.log_of(worker), what="the worker")

    done = penstock.outcome(penstock.submit("acme.run", {"size": 21}))
    listed = penstock.client.get("/api/plugins").json()["data"]
    refused = [each for each in listed if each["state"] == "quarantined"]
    health = penstock.client.get("/api/health").json()["data"]

    assert (done["status"], done["result"]) == ("success", {"size": 42})
    assert {each["distribution"] for each in refused} == {
        f"penstock-{name.replace('_', '-')}" for name in INSTALLED
    }
    assert all(each["problems"] for each in refused)
    assert (health["status"], len(health["quarantined"])) == ("degraded", len(INSTALLED))
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz")
    assert error.value.code == 503
    # Whoever can reach the port is told no more.
    assert "plugin 'exits' is quarantined; the log says why" in json.load(error.value)["detail"]
    answer = penstock.post("exits.run", {})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/plugin-not-loaded")
    assert "SystemExit: 3" in answer.json()["detail"]


def test_in_safe_mode_none_of_their_code_runs_and_a_worker_is_ready(
    penstock: Installation,
) -> None:
    port = find_free_port()
    worker = penstock.start("worker", "--safe-mode", PENSTOCK_PROBE_PORT=str(port))
    wait_until(lambda: "serving queue 'ai'" in penstock.log_of(worker), what="the worker")

    done = penstock.outcome(penstock.submit("ai.text", {"template": "Hello"}))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert answer.status == 200
    checked = subprocess.run(
        [sys.executable, "-m", "penstock", "plugins", "list", "--json"],
        env={**penstock.environment, "PENSTOCK_SAFE_MODE": "true"},
        capture_output=True,
        check=True,
        cwd=penstock.folder,
    )
    loaded = [
        each["name"] for each in json.loads(checked.stdout)["plugins"] if each["state"] == "loaded"
    ]

    assert done["status"] == "success"
    assert "is quarantined" not in penstock.log_of(worker)
    assert loaded == ["ai", "upload", "video"]
