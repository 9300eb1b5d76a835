"""`penstock plugins new`: ten minutes of a stranger's, in seconds."""

import json
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.dev_process import running_dev
from tests.services.fresh_environment import ROOT, FreshEnvironment, build_wheel

TASK = "acme.count-words"
LIMIT = 120  # seconds, with a warm package cache


@pytest.fixture
def there(tmp_path: Path) -> FreshEnvironment:
    return FreshEnvironment(tmp_path)


def passes_its_tests(there: FreshEnvironment, package: Path) -> None:
    # Plugins of pytest that this checkout uses, and that no author has asked for.
    others = [f"-pno:{name}" for name in ("valkey", "xdist", "timeout", "hypothesispytest")]
    tested = there.run("-m", "pytest", "-q", *others, cwd=package, CI="").stdout
    assert " passed" in tested
    assert "skipped" not in tested


def test_a_new_plugin_is_tested_built_installed_and_runs(
    tmp_path: Path, free_port: int, there: FreshEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    took: dict[str, float] = {}

    def lap(name: str) -> None:
        took[name] = time.monotonic() - began - sum(took.values())

    there.install(build_wheel(ROOT / "core", tmp_path / "core"))
    lap("environment")

    there.run("-m", "penstock", "plugins", "new", "acme", cwd=tmp_path)
    package = tmp_path / "penstock-acme"
    lap("plugins new")

    there.install(build_wheel(package, tmp_path / "dist"))
    lap("wheel")
    found = there.run("-c", "import penstock, penstock_acme as a; print(a.__file__)", cwd=tmp_path)
    assert Path(found.stdout.strip()).is_relative_to(tmp_path / "environment")

    passes_its_tests(there, package)
    lap("its tests")

    listed = there.run("-m", "penstock", "plugins", "list", "--json", cwd=tmp_path)
    (plugin,) = json.loads(listed.stdout)["plugins"]
    assert (plugin["name"], plugin["task_types"]) == ("acme", [TASK])
    lap("plugins list")

    with running_dev(tmp_path / "site", free_port, python=there.python) as running:
        running.wait_for("read its result")
        key = (tmp_path / "site/.penstock/api-key").read_text().strip()
        lap("dev")
        with httpx.Client(
            base_url=f"http://127.0.0.1:{free_port}",
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
        ) as api:
            types = api.get("/api/task-types").json()["data"]
            assert [each["type"] for each in types] == [TASK]
            assert TASK in api.get("/api/openapi.json").text

            submitted = there.run(
                *("-m", "penstock", "submit", TASK, "--wait", "--json"),
                *("--input", '{"texts": ["one two", "three"]}'),
                cwd=tmp_path / "site",
                PENSTOCK_PORT=str(free_port),
            )
            task = json.loads(submitted.stdout)
            assert task["status"] == "success"
            assert task["result"] == {"counts": [2, 1], "total": 3}

            queue = api.get("/api/queues/status").json()["data"]["acme"]
            assert queue["completed"] == 1, queue
        lap("a task")

    with capsys.disabled():
        laps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items())
        sys.stdout.write(f"\na new plugin took {sum(took.values()):.1f} s: {laps}\n")
    assert sum(took.values()) < LIMIT


def test_a_new_provider_passes_its_tests(tmp_path: Path, there: FreshEnvironment) -> None:
    there.install(
        build_wheel(ROOT / "core", tmp_path / "core"),
        build_wheel(ROOT / "plugins" / "ai", tmp_path / "ai"),
    )

    there.run("-m", "penstock", "plugins", "new", "acme", "--provider", cwd=tmp_path)
    package = tmp_path / "penstock-acme"
    there.install(build_wheel(package, tmp_path / "dist"))

    passes_its_tests(there, package)
