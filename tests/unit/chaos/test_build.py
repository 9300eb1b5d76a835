"""The private copy of the core, and what is written into it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import penstock
from tests.chaos.build import Change, StaleChangeError, build
from tests.chaos.mutants import MUTANTS


def test_a_copy_is_imported_before_the_installed_core(tmp_path):
    core = build(tmp_path / "core")
    found = subprocess.run(
        [sys.executable, "-c", "import penstock; print(penstock.__file__)"],
        env={**os.environ, "PYTHONPATH": str(core)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.strip() == str(core / "penstock" / "__init__.py")


def test_the_scripts_are_within_their_instruments(tmp_path):
    source = Path(penstock.__file__).parent / "engine" / "scripts"
    scripts = build(tmp_path / "core") / "penstock" / "engine" / "scripts"
    for name in ("claim", "enqueue", "renew"):
        text = (scripts / f"{name}.lua").read_text()
        assert text.startswith(f"-- Around {name}.lua")
        assert "--@original" not in text
        assert (source / f"{name}.lua").read_text() in text
    prelude = (scripts / "prelude.lua").read_text()
    assert prelude.startswith((source / "prelude.lua").read_text())
    assert "chaos_note" in prelude


def test_a_change_is_written_into_the_copy(tmp_path):
    change = Change(file="background.py", old="_REPEAT = 0.2", new="_REPEAT = 0.3")
    core = build(tmp_path / "core", [change])
    assert "_REPEAT = 0.3" in (core / "penstock" / "background.py").read_text()


@pytest.mark.parametrize("old", ["what is not there", "task"])
def test_a_change_whose_place_is_not_found_is_an_error(tmp_path, old):
    change = Change(file="background.py", old=old, new="")
    with pytest.raises(StaleChangeError, match=r"background\.py"):
        build(tmp_path / "core", [change])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_each_mutant_fits_the_source(tmp_path, mutant):
    build(tmp_path / "core", mutant.changes)
