"""The command line, run in this process, in a folder of its own."""

import signal

import pytest
from click.testing import CliRunner

from penstock.cli.root import root
from tests.unit.cli.scripted_api import ScriptedApi


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `penstock …` in an empty folder; keyword arguments are environment variables."""
    monkeypatch.chdir(tmp_path)
    # Commands that serve handle them for the rest of their process, which is the tests' own here.
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def invoke(*arguments, stdin=None, **environ):
        return CliRunner().invoke(root, arguments, prog_name="penstock", input=stdin, env=environ)

    yield invoke
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def api(monkeypatch):
    with ScriptedApi() as server:
        monkeypatch.setenv("PENSTOCK_URL", server.url)
        yield server
