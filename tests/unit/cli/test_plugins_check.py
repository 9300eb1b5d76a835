"""`penstock plugins check`: every problem of a plugin, before it is published or installed."""

import json
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.unit.plugins.installing import GOOD, Package, install

PYPROJECT = """
[project]
name = "penstock-acme"
version = "3.1"
requires-python = ">=3.11"
dependencies = ["penstock>=0.1"]

[project.entry-points.penstock]
acme = "acme_tasks.hooks"
"""


@pytest.fixture(autouse=True)
def forgotten():
    """What is imported in a test is not there for the next; nor is what others have left."""
    forget()
    yield
    forget()


def forget():
    for name in list(sys.modules):
        if name.partition(".")[0].startswith(("penstock_acme", "penstock_exits", "acme_tasks")):
            del sys.modules[name]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def project(folder: Path, source: str, pyproject: str = PYPROJECT) -> Path:
    package = folder / "src" / "acme_tasks"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "hooks.py").write_text(source)
    (folder / "pyproject.toml").write_text(pyproject)
    return folder


def test_all_that_is_installed_is_checked_if_nothing_is_named(run):
    done = run("plugins", "check")

    assert done.exit_code == 0, done.output
    assert "plugin 'video' (penstock-video 0.1.0): queue video, task type video" in done.stdout


def test_problems_of_an_installed_plugin_are_printed_and_fail_the_command(run, site):
    install(Package(name="exits", source="import sys; sys.exit(3)"), site)

    done = run("plugins", "check", "exits", "--traceback")

    assert done.exit_code == 1
    assert "plugin 'exits' (penstock-exits 1.2): importing 'penstock_exits' raised" in done.stderr
    assert "penstock_exits.py" in done.stderr
    assert "ai" not in done.stdout


def test_a_project_is_checked_where_it_stands_as_it_would_be_installed(run, tmp_path):
    folder = project(tmp_path / "acme", GOOD.format(name="acme"))

    done = run("plugins", "check", str(folder))

    assert done.exit_code == 0, done.output
    assert "plugin 'acme' (penstock-acme 3.1): queue acme, task type acme.run" in done.stdout


def test_a_project_is_checked_beside_what_is_installed(run, tmp_path):
    thief = GOOD.format(name="acme").replace('Queue("acme")', 'Queue("ai")')
    needs = PYPROJECT.replace("penstock>=0.1", 'penstock>=0.1,<99", "nothing-like-this')
    clashing = project(tmp_path / "acme", thief)
    unmet = project(tmp_path / "unmet", GOOD.format(name="acme"), needs)

    done = run("plugins", "check", str(clashing))
    other = run("plugins", "check", str(unmet), "--json")

    assert done.exit_code == 1
    assert "declares queue 'ai', which penstock-ai 0.1.0 has already" in done.stderr
    assert other.exit_code == 1
    (plugin,) = json.loads(other.stdout)["plugins"]
    assert plugin["requires"] == "penstock<99,>=0.1"
    assert "requires 'nothing-like-this', which is not installed" in plugin["problems"][0]


def test_a_project_stands_in_for_the_version_of_it_that_is_installed(run, site, tmp_path):
    install(Package(name="acme", source=GOOD.format(name="acme")), site)
    folder = project(tmp_path / "acme", GOOD.format(name="acme"))

    done = run("plugins", "check", str(folder))

    assert done.exit_code == 0, done.output
    assert "(penstock-acme 3.1)" in done.stdout


def test_a_wheel_is_checked_without_being_installed(run, tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    install(Package(name="acme", source=GOOD.format(name="acme")), folder)
    wheel = tmp_path / "penstock_acme-1.2-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for file in folder.rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(folder))

    done = run("plugins", "check", str(wheel))

    assert done.exit_code == 0, done.output
    assert "plugin 'acme' (penstock-acme 1.2): queue acme" in done.stdout


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({}, "expected {path} to be a project with a pyproject.toml, a folder of installed"),
        ({"pyproject.toml": "= 3"}, "cannot read {path}/pyproject.toml"),
        ({"pyproject.toml": "[tool]"}, "pyproject.toml to have a [project] with a name"),
        ({"pyproject.toml": "[project]\nname = 'x'"}, "has no entry point of group 'penstock'"),
    ],
)
def test_a_path_without_a_plugin_is_an_error_that_says_what_was_looked_for(
    run, tmp_path, files, named
):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)

    done = run("plugins", "check", str(folder))

    assert done.exit_code == 1
    assert named.format(path=folder) in done.stderr


@pytest.mark.parametrize(("name", "meant"), [("vido", "video"), ("penstock-ai", "ai")])
def test_a_name_that_is_not_installed_suggests_the_nearest(run, name, meant):
    done = run("plugins", "check", name)

    assert done.exit_code == 2
    assert f"did you mean '{meant}'?" in done.stderr


SETTINGS = """
from typing import Literal

from penstock import Secret

class Account(Struct, frozen=True, kw_only=True):
    key: Secret | None = None
    region: Literal["north", "south"] = "north"
    retries: int = 3

@hookimpl
def penstock_settings():
    return [Account]
"""


def test_everything_that_is_wrong_with_settings_is_printed_as_a_start_would(run, tmp_path):
    folder = project(tmp_path / "acme", GOOD.format(name="acme") + SETTINGS)
    (tmp_path / "penstock.toml").write_text(
        '[plugins.acme]\nretires = 3\nretries = "many"\n\n[queues.acme]\nconcurrency = 0\n'
    )
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "PENSTOCK_ACME_KEY").touch()

    done = run(
        "plugins",
        "check",
        str(folder),
        PENSTOCK_ACME_REGION="east",
        PENSTOCK_ACME_SPEED="7",
        PENSTOCK_SECRETS_DIR="secrets",
    )

    who = "plugin 'acme' (penstock-acme 3.1)"
    of = "(of plugin 'acme', penstock-acme 3.1)"
    assert done.exit_code == 1
    file = tmp_path / "penstock.toml"
    assert done.stderr == (
        f"error: {who}: plugin 'acme' has no setting PENSTOCK_ACME_SPEED; its settings are "
        "PENSTOCK_ACME_KEY, PENSTOCK_ACME_REGION, PENSTOCK_ACME_RETRIES\n"
        f"error: {who}: plugin 'acme' has no setting plugins.acme.retires (line 2 of {file}); did "
        "you mean plugins.acme.retries?\n"
        f"error: {who}: the secret file {secrets / 'PENSTOCK_ACME_KEY'} (PENSTOCK_ACME_KEY, by "
        "PENSTOCK_SECRETS_DIR) is empty; write the value into it\n"
        f"error: {who}: expected PENSTOCK_ACME_REGION {of} to be one of north, south, got 'east'; "
        "correct it, or remove it for the default, north\n"
        f"error: {who}: expected plugins.acme.retries (line 3 of {file}) {of} to be a whole "
        "number, got 'many'; correct it, or remove it for the default, 3\n"
        f"error: expected queues.acme.concurrency (line 6 of {file}) to be a whole number from 1 "
        "to 1000000, got '0'\n"
    )


def test_settings_that_fit_are_no_problem_also_of_what_is_not_installed(run, tmp_path):
    folder = project(tmp_path / "acme", GOOD.format(name="acme") + SETTINGS)

    done = run("plugins", "check", str(folder), PENSTOCK_ACME_KEY="k", PENSTOCK_ACME_RETRIES="7")

    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("setting PENSTOCK_ACME_RETRIES; no problems\n")


def test_plugins_are_checked_though_penstocks_own_settings_are_wrong(run, tmp_path):
    source = 'raise ValueError("the token is hunter2-of-acme")'
    folder = project(tmp_path / "acme", source)

    done = run("plugins", "check", str(folder), PENSTOCK_PORT="x", ACME_TOKEN="hunter2-of-acme")

    assert done.exit_code == 1
    assert "raised ValueError: the token is ***;" in done.stderr
    assert "error: expected PENSTOCK_PORT to be a whole number from 1 to 65535" in done.stderr
