"""The command line, run in this process, in a folder of its own."""

import pytest
from click.testing import CliRunner

from penstock.cli.root import root
from tests.unit.cli.scripted_api import ScriptedApi


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `penstock …` in an empty folder; keyword arguments are environment variables."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, stdin=None, **environ):
        return CliRunner().invoke(root, arguments, prog_name="penstock", input=stdin, env=environ)

    return invoke


@pytest.fixture
def api(monkeypatch):
    with ScriptedApi() as server:
        monkeypatch.setenv("PENSTOCK_URL", server.url)
        yield server
