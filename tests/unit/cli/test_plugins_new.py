"""`penstock plugins new`: a package that needs nothing done to it."""

import ast
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from penstock.cli.plugins import scaffold
from penstock.settings import KNOBS

ROOT = Path(__file__).parents[3]
FLAVOURS = {"plugin": [], "provider": ["--provider"]}


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not any("_cache" in part for part in path.parts)
    }


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_package_is_complete_and_speaks_of_itself_alone(run, tmp_path, flavour):
    done = run("plugins", "new", "my-tool", *FLAVOURS[flavour])

    assert done.exit_code == 0, done.output
    made = files(tmp_path / "penstock-my-tool")
    assert made.keys() >= {
        ".github/workflows/ci.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "penstock_my_tool/__init__.py",
        "penstock_my_tool/py.typed",
        "pyproject.toml",
        "tests/test_my_tool.py",
    }
    for path, text in made.items():
        assert "seedling" not in (path + text).lower(), path
        if path.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_its_metadata_say_what_it_needs(run, tmp_path, flavour):
    run("plugins", "new", "my-tool", "--directory", "deep/down", *FLAVOURS[flavour])

    said = tomllib.loads((tmp_path / "deep/down/penstock-my-tool/pyproject.toml").read_text())
    project, bounds = said["project"], scaffold.bounds(version("penstock"))
    assert project["entry-points"] == {"penstock": {"my-tool": "penstock_my_tool"}}
    assert f"penstock{bounds}" in project["dependencies"]
    assert f"penstock[testing]{bounds}" in project["optional-dependencies"]["dev"]
    assert project["requires-python"] == ">=3.11"


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", ["x", "acme", "a-name-of-20-letters"])
def test_linters_have_nothing_to_say_whatever_it_is_called(run, tmp_path, name, flavour):
    run("plugins", "new", name, *FLAVOURS[flavour])

    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache"],
            cwd=tmp_path / f"penstock-{name}",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_its_types_are_right(run, tmp_path):
    for flavour, options in FLAVOURS.items():
        run("plugins", "new", f"my-{flavour}", *options)

    # With the settings, and what is known already, of the whole workspace: it takes a second.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *tmp_path.glob("penstock-*/penstock_*")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": ":".join(map(str, tmp_path.glob("penstock-*")))},
    )

    assert done.returncode == 0, done.stdout


def test_it_ends_with_what_to_do_next(run):
    done = run("plugins", "new", "acme")

    assert done.stdout.split("\n") == [
        "  cd penstock-acme",
        "  pip install -e '.[dev]'",
        "  pytest",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Acme", "acme"),
        ("acme_tools", "acme-tools"),
        ("Acme Tools!", "acme-tools"),
        ("AcmeTools", "acme-tools"),
        ("penstock-acme", "acme"),
        ("2fast", "fast"),
        ("Überblick", "uberblick"),
        ("a" * 21, "a" * 20),
    ],
)
def test_a_name_that_none_can_have_is_refused_with_one_near_it(run, tmp_path, name, near):
    done = run("plugins", "new", name)

    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"got {name!r}; how about {near!r}?" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["???", "penstock"])
def test_a_name_of_which_nothing_is_left_has_none_near_it(run, name):
    done = run("plugins", "new", name)

    assert done.exit_code == 2
    assert "lower-case words" in done.stderr
    assert "how about" not in done.stderr


def test_the_name_of_an_installed_plugin_is_refused(run):
    done = run("plugins", "new", "ai")

    assert done.exit_code == 2
    assert "plugin 'ai' is installed already, by penstock-ai" in done.stderr
    assert "like 'my-ai'" in done.stderr


@pytest.mark.parametrize("name", ["queue", "provider", "api", "max", "log"])
def test_a_name_that_settings_of_penstock_start_with_is_refused(run, name):
    assert name in {"queue", "provider"} or any(
        knob.variable.startswith(f"PENSTOCK_{name.upper()}_") for knob in KNOBS
    )

    done = run("plugins", "new", name)

    assert done.exit_code == 2
    assert "Penstock's own" in done.stderr


def test_a_folder_that_is_there_stays_as_it_is(run, tmp_path):
    (tmp_path / "penstock-acme").mkdir()
    (tmp_path / "penstock-acme" / "kept").touch()

    done = run("plugins", "new", "acme")

    assert done.exit_code == 2
    assert "expected penstock-acme not to be there yet" in done.stderr
    assert [each.name for each in (tmp_path / "penstock-acme").iterdir()] == ["kept"]


def test_a_folder_that_cannot_be_written_is_named(run, tmp_path):
    (tmp_path / "taken").touch()

    done = run("plugins", "new", "acme", "--directory", "taken/below")

    assert done.exit_code == 2
    assert "cannot write" in done.stderr
    assert "--directory" in done.stderr


@pytest.mark.parametrize(
    ("installed", "bounds"),
    [
        ("0.1.0", ">=0.1,<0.2"),
        ("0.12.3.dev4", ">=0.12,<0.13"),
        ("1.0", ">=1.0,<2"),
        ("2.4.0rc1", ">=2.4,<3"),
    ],
)
def test_it_fits_the_releases_that_keep_the_contract(installed, bounds):
    assert scaffold.bounds(installed) == bounds
