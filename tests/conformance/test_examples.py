"""The examples' own tests pass, run as their author runs them."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/tests"))


def install(project: Path, folder: Path) -> None:
    """What an editable installation comes to: the metadata beside the code."""
    said = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    metadata = folder / f"{said['name'].replace('-', '_')}-{said['version']}.dist-info"
    metadata.mkdir()
    fields = {"Metadata-Version": "2.1", "Name": said["name"], "Version": said["version"]}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"Requires-Dist: {each}" for each in said["dependencies"]]
    (metadata / "METADATA").write_text("\n".join([*lines, ""]))
    points = said["entry-points"]["penstock"]
    lines = [f"{name} = {module}" for name, module in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[penstock]", *lines, ""]))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("tests", EXAMPLES, ids=lambda tests: tests.parent.name)
def test_the_tests_of_an_example_pass(tests: Path, tmp_path: Path) -> None:
    project = tmp_path / tests.parent.name
    shutil.copytree(tests.parent, project, ignore=shutil.ignore_patterns("__pycache__", "build"))
    install(project, project)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:valkey", "-p", "no:cacheprovider"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "CI": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
