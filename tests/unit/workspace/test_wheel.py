"""What an installation from PyPI would hold."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.services.fresh_environment import build

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT / "core", "wheel", tmp_path_factory.mktemp("wheel"))


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_ships_the_migrations(wheel):
    expected = {
        f"penstock/_migrations/{path.relative_to(ROOT / 'migrations').as_posix()}"
        for path in (ROOT / "migrations").rglob("*.py")
    }
    assert "penstock/_migrations/env.py" in expected
    assert expected <= contents(wheel)


def test_the_wheel_ships_its_scripts_types_and_licence(wheel):
    names = contents(wheel)
    assert "penstock/py.typed" in names
    assert any(name.endswith(".lua") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_ships_the_package_that_new_plugins_are_made_from(wheel):
    folder = ROOT / "core" / "penstock" / "cli" / "plugins" / "scaffold"
    expected = {
        path.relative_to(ROOT / "core").as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not any("cache" in part for part in path.parts)
    }
    assert any(name.endswith("/.github/workflows/ci.yml") for name in expected)
    assert expected <= contents(wheel)


def test_the_wheel_ships_nothing_else(wheel):
    names = contents(wheel)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"penstock"}
    assert not [name for name in names if "__pycache__" in name]


def test_a_wheel_built_from_the_sdist_is_the_same(wheel, tmp_path):
    sdist = build(ROOT / "core", "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert contents(build(source, "wheel", tmp_path / "wheel")) == contents(wheel)
