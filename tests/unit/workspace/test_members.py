"""A distribution that joins the workspace joins all of it."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_is_a_member_typed_linted_and_bounded(plugin):
    path = plugin.relative_to(ROOT).as_posix()
    package = f"penstock_{plugin.name}"
    tools = SETTINGS["tool"]
    assert path in tools["uv"]["workspace"]["members"]
    assert path in tools["mypy"]["mypy_path"]
    assert f"{path}/{package}" in tools["mypy"]["files"]
    assert path in tools["ruff"]["src"]
    assert package in tools["importlinter"]["root_packages"]
    assert any(
        package in contract.get("source_modules", ())
        for contract in tools["importlinter"]["contracts"]
    )


def test_each_distribution_carries_the_licence():
    assert (ROOT / "core" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_each_import_contract_gives_its_reason():
    for contract in SETTINGS["tool"]["importlinter"]["contracts"]:
        assert (
            ":" in contract["name"]
            or "so that" in contract["name"]
            or " not " in (contract["name"])
        ), f"the contract {contract['id']!r} does not say why"
