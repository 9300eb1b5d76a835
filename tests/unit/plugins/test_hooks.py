"""How a plugin's hooks are asked, in the corners."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from penstock.plugins import Catalogue, load

Loader = Callable[[str], Catalogue]


@pytest.fixture
def load_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    """Loads one module as a plugin."""
    monkeypatch.syspath_prepend(tmp_path)

    def build(source: str) -> Catalogue:
        (tmp_path / "plugin_corner.py").write_text(source)
        return load([EntryPoint(name="corner", value="plugin_corner", group="penstock")])

    yield build
    sys.modules.pop("plugin_corner", None)


def problems(catalogue: Catalogue) -> str:
    assert catalogue.plugins == ()
    (quarantined,) = catalogue.quarantined
    return " / ".join(quarantined.problems)


def test_a_forgotten_return_is_noticed(load_one: Loader) -> None:
    catalogue = load_one("""
from penstock import Queue, hookimpl
@hookimpl
def penstock_queues():
    [Queue("corner")]
""")
    assert "expected hook 'penstock_queues' to return a list, got None" in problems(catalogue)


def test_a_hook_may_have_another_name_in_its_module(load_one: Loader) -> None:
    catalogue = load_one("""
from penstock import Queue, hookimpl
@hookimpl(specname="penstock_queues")
def queues():
    return [Queue("corner")]
""")
    assert catalogue.quarantined == ()
    assert list(catalogue.queues) == ["corner"]


def test_every_misspelt_hook_is_named(load_one: Loader) -> None:
    catalogue = load_one("""
from penstock import hookimpl
@hookimpl
def penstock_queue():
    return []
@hookimpl
def penstok_tasks():
    return []
""")
    assert "'penstock_queue'; did you mean 'penstock_queues'?" in problems(catalogue)
    assert "'penstok_tasks'; did you mean 'penstock_tasks'?" in problems(catalogue)


def test_an_error_that_cannot_even_be_printed_takes_nobody_down(load_one: Loader) -> None:
    catalogue = load_one("""
class Rude(Exception):
    def __str__(self):
        raise RuntimeError("no")
raise Rude
""")
    assert "Rude" in problems(catalogue)


def test_a_plugin_without_any_hook_brings_nothing(load_one: Loader) -> None:
    catalogue = load_one("answer = 42")

    assert catalogue.quarantined == ()
    assert (catalogue.queues, catalogue.task_types) == ({}, {})


def test_settings_are_structs_whose_fields_all_have_defaults(load_one: Loader) -> None:
    catalogue = load_one("""
from msgspec import Struct
from penstock import hookimpl
class Wrong:
    pass
class Half(Struct):
    key: str
    model: str = "m"
@hookimpl
def penstock_settings():
    return [Wrong, Half, "text"]
""")
    assert "to return msgspec.Struct types, got Wrong" in problems(catalogue)
    assert "settings Half to have a default, got none for 'key'" in problems(catalogue)
    assert "expected hook 'penstock_settings' to return types, got 'text'" in problems(catalogue)


def test_settings_that_no_variable_can_fill_are_refused(load_one: Loader) -> None:
    catalogue = load_one("""
from msgspec import Struct
from penstock import hookimpl
class Listed(Struct):
    names: list[str] = []
class Odd(Struct):
    names: list[str] | set[str] | None = None
@hookimpl
def penstock_settings():
    return [Listed, Odd]
""")
    assert "settings Listed to be one text, number, boolean or choice" in problems(catalogue)
    assert "settings Odd cannot be filled" in problems(catalogue)


def test_settings_stand_in_the_catalogue(load_one: Loader) -> None:
    catalogue = load_one("""
from msgspec import Struct
from penstock import hookimpl
class Mine(Struct):
    model: str = "m"
@hookimpl
def penstock_settings():
    return [Mine]
""")
    (plugin,) = catalogue.plugins
    assert [kind.__name__ for kind in plugin.settings] == ["Mine"]
