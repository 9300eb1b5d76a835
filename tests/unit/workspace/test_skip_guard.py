"""A skip fails the run in CI, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFTEST = """
from tests.skip_guard import SkipGuard

def pytest_configure(config):
    config.pluginmanager.register(SkipGuard())
"""
SKIPS = """
import pytest

@pytest.mark.skip(reason="too lazy")
def test_skipped(): ...
"""
IMPORT_SKIPS = """
import pytest

pytest.importorskip("no_such_module")
"""
PASSES = """
import pytest

@pytest.mark.xfail(reason="known")
def test_known_to_fail(): assert False

def test_passes(): ...
"""


def run(folder: Path, ci: str, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    for name, tests in files.items():
        (folder / f"test_{name}.py").write_text(tests)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "CI": ci,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT),
        },
        text=True,
    )


@pytest.mark.parametrize("skips", [SKIPS, IMPORT_SKIPS], ids=["a test", "a module"])
def test_a_skip_fails_in_ci_and_is_named(tmp_path, skips):
    done = run(tmp_path, "true", passes=PASSES, skips=skips)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "test_skips.py" in done.stdout.split("skipped in CI: the run fails")[1]


@pytest.mark.parametrize("ci", ["", "false"])
def test_a_skip_is_fine_elsewhere(tmp_path, ci):
    assert run(tmp_path, ci, passes=PASSES, skips=SKIPS).returncode == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip(tmp_path):
    assert run(tmp_path, "true", passes=PASSES).returncode == pytest.ExitCode.OK
