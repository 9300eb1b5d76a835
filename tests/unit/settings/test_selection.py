"""Which plugins an operator wants to be loaded."""

import os
import sys
from pathlib import Path

import pytest

from penstock.configuration import configured
from penstock.plugins import AbsentTaskTypeError, UnknownQueueError
from penstock.selected_plugins import selected
from penstock.settings import Settings, SettingsError
from tests.unit.plugins.installing import Package, install


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third party's plugin, of which no code may run."""
    install(Package(name="bomb", source="raise AssertionError('imported')"), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def load(tmp_path: Path, **variables: str):
    settings = Settings.load(
        {f"PENSTOCK_{name}": value for name, value in variables.items()},
        tmp_path,
        plugins=["bomb", "ai", "upload", "video"],
    )
    catalogue = selected(settings)
    configured(settings, catalogue)
    return catalogue


@pytest.mark.parametrize(
    ("variables", "loaded", "reason"),
    [
        ({"PLUGINS": "ai, video"}, ["ai", "video"], "PENSTOCK_PLUGINS does not name it"),
        (
            {"PLUGINS_DISABLED": "bomb"},
            ["ai", "upload", "video"],
            "PENSTOCK_PLUGINS_DISABLED names it",
        ),
        ({"PLUGINS": "ai,penstock-video"}, ["ai", "video"], "PENSTOCK_PLUGINS does not name it"),
        (
            {"PLUGINS_DISABLED": "penstock-bomb"},
            ["ai", "upload", "video"],
            "PENSTOCK_PLUGINS_DISABLED names it",
        ),
        ({"SAFE_MODE": "true"}, ["ai", "upload", "video"], "safe mode loads only the built-in"),
        ({"SAFE_MODE": "True", "PLUGINS_DISABLED": "ai"}, ["upload", "video"], "safe mode loads"),
    ],
)
def test_no_code_of_a_plugin_that_is_not_wanted_is_imported(tmp_path, variables, loaded, reason):
    catalogue = load(tmp_path, **variables)

    assert [each.name for each in catalogue.plugins] == loaded
    assert catalogue.quarantined == ()
    assert "penstock_bomb" not in sys.modules
    (bomb,) = (each for each in catalogue.disabled if each.name == "bomb")
    assert reason in bomb.absence
    with pytest.raises(AbsentTaskTypeError, match=r"'bomb\.run' cannot be had: plugin 'bomb'"):
        catalogue.task_type("bomb.run")
    with pytest.raises(UnknownQueueError, match=r"queue 'bomb' cannot be had: plugin 'bomb'"):
        catalogue.queue("bomb")


def test_without_a_word_everything_is_loaded(tmp_path):
    (bomb,) = load(tmp_path).quarantined

    assert "AssertionError: imported" in bomb.absence
    assert bomb.traceback is not None


def test_a_plugin_that_tells_a_secret_while_it_fails_is_quarantined_without_it(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PENSTOCK_TELLTALE_TOKEN", "hunter2-of-telltale")
    source = """
import os
raise ValueError("cannot log in with " + os.environ["PENSTOCK_TELLTALE_TOKEN"])
"""
    install(Package(name="telltale", source=source), tmp_path)

    telltale = selected(Settings.load(os.environ, tmp_path, plugins=["telltale"])).quarantined[-1]

    assert telltale.name == "telltale"
    assert "ValueError: cannot log in with ***" in telltale.absence
    assert "ValueError: cannot log in with ***" in (telltale.traceback or "")


def test_variables_of_a_plugin_that_is_not_wanted_stop_nothing(tmp_path):
    wanted = load(tmp_path, PLUGINS_DISABLED="bomb", BOMB_COLOUR="red", QUEUE_BOMB_CONCURRENCY="3")

    assert [each.name for each in wanted.disabled] == ["bomb"]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"PLUGINS": "ai,vidoe"},
            "PENSTOCK_PLUGINS to name plugins.* 'vidoe'; did you mean 'v",
        ),
        ({"PLUGINS_DISABLED": "penstock-bom"}, "got 'penstock-bom'; did you mean 'penstock-bomb'"),
        ({"PLUGINS": "zzz"}, "got 'zzz'; known are 'ai', 'bomb', 'upload', 'video'"),
        ({"PLUGINS": "ai,bomb", "PLUGINS_DISABLED": "bomb"}, "none of those .* got 'bomb'; take"),
        ({"PLUGINS": "ai,,bomb"}, "PENSTOCK_PLUGINS to be different names with commas"),
        ({"SAFE_MODE": "yes"}, "expected PENSTOCK_SAFE_MODE to be true or false, got 'yes'"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_a_remedy(tmp_path, variables, message):
    with pytest.raises(SettingsError, match=message):
        load(tmp_path, **variables)
