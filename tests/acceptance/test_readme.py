"""The README does what it says, as printed."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import av
import pypdfium2  # type: ignore[import-untyped]
import pytest

from penstock.cli.root import root
from penstock.plugins import load
from tests.acceptance.dev_process import PATIENCE, running_dev

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(tmp_path, free_port):
    """Runs a block of the README in the folder of a `penstock dev`, on the port of this test."""
    environ = {**os.environ, "PENSTOCK_PORT": str(free_port)}
    if shutil.which("curl") is None:
        stand_in = tmp_path / "bin" / "curl"
        stand_in.parent.mkdir()
        program = Path(__file__).with_name("curl.py")
        stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
        stand_in.chmod(0o755)
        environ["PATH"] += f"{os.pathsep}{stand_in.parent}"
    # A Python's environment, whatever its folder is called here.
    (tmp_path / ".venv").symlink_to(sys.prefix)

    def run(block):
        done = subprocess.run(
            ["sh", "-ec", block.replace("127.0.0.1:8000", f"127.0.0.1:{free_port}")],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with running_dev(tmp_path, free_port) as dev:
        dev.wait_for("read its result")
        yield run


def test_its_commands_post_a_task_read_the_result_and_save_the_pdf(shell, tmp_path):
    _make, post, read, submit, files = blocks("sh")

    accepted = json.loads(shell(post))["data"]
    assert accepted["status"] == "pending"

    deadline = time.monotonic() + PATIENCE
    while (task := json.loads(shell(read))["data"])["finished_at"] is None:
        assert time.monotonic() < deadline, task
        time.sleep(0.1)
    assert task["id"] == accepted["id"]
    assert task["status"] == "success", task
    assert task["result"]["artifact"]["content_type"] == "application/pdf"

    shell(submit)
    document = pypdfium2.PdfDocument(io.BytesIO((tmp_path / "hello.pdf").read_bytes()))
    assert "Hello" in document[0].get_textpage().get_text_range()

    described = shell(files)
    with av.open(tmp_path / "hello.mp4", "r") as video:
        assert sum(1 for _ in video.decode(video=0)) == 2 * 24
    assert "application/pdf" in described

    _plugin, program = blocks("python")
    (tmp_path / "submit.py").write_text(program)
    printed = shell(".venv/bin/python submit.py")
    assert "artifact=Artifact(id=" in printed
    assert "\nsuccess\n" in printed
    assert "success=3" in printed


def test_its_plugin_loads(tmp_path, monkeypatch):
    program, _submit = blocks("python")
    (entry_points,) = blocks("toml")
    ((name, value),) = re.findall(r'^(\w+) = "(\w+)"$', entry_points, re.MULTILINE)
    (tmp_path / f"{value}.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)

    catalogue = load([EntryPoint(name=name, value=value, group="penstock")])

    assert not catalogue.quarantined
    assert list(catalogue.task_types) == ["acme.resize"]


def test_it_names_every_command():
    context = root.make_context("penstock", ["dev"])
    names = root.list_commands(context)

    assert [name for name in names if f"\npenstock {name}" not in README] == []
