"""A plugin that cannot be tested: why, and what to do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from penstock import Queue, task
from penstock.plugins import Catalogue, Plugin, QuarantinedPlugin, discover, load
from penstock.testing import PluginContract
from penstock.testing.contract import declarations, unknown_settings
from penstock.testing.contract.advice import BrokenPromiseError
from penstock.testing.contract.subject import Subject

ACME = Queue("acme")


@task("acme.say", queue=ACME)
async def say(word: str) -> str:
    """Return a word."""
    return word


PLUGIN = Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=[say])


def refused(name: str, catalogue: Catalogue, examples: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(BrokenPromiseError) as caught:
        Subject(name, catalogue, examples or {})
    return str(caught.value)


def test_one_that_is_not_installed_gets_the_nearest_name() -> None:
    told = refused("vide", load(discover()))

    assert "no installed distribution has an entry point 'vide'" in told
    assert "did you mean 'video'?" in told


def test_one_that_does_not_load_is_told_why() -> None:
    broken = QuarantinedPlugin(
        name="acme", distribution="acme", version="1", problems=["no hook 'penstock_taks'"]
    )

    told = refused("acme", Catalogue(plugins=[], quarantined=[broken]))

    assert "plugin 'acme' (acme 1) does not load" in told
    assert "- no hook 'penstock_taks'" in told


def test_examples_of_what_it_does_not_have_are_refused() -> None:
    told = refused("acme", Catalogue(plugins=[PLUGIN]), {"acme.sya": "a"})

    assert "acme.sya; it has acme.say" in told


def test_a_task_type_without_example_is_named() -> None:
    catalogue = Catalogue(plugins=[PLUGIN])

    (told,) = declarations.without_example(Subject("acme", catalogue, {}))
    assert "task type 'acme.say' of plugin 'acme' (acme 1) has no example" in told
    assert [*declarations.without_example(Subject("acme", catalogue, {"acme.say": "a"}))] == []


def test_our_plugins_refuse_misspelt_settings() -> None:
    catalogue = load(discover())

    for name in ("ai", "upload", "video"):
        assert [*unknown_settings.faults(Subject(name, catalogue, {}))] == []


def test_failing_inputs_of_what_it_does_not_have_are_refused() -> None:
    class Contract(PluginContract):
        plugin = "acme"
        examples = MappingProxyType({"acme.say": "a"})
        failing = MappingProxyType({"acme.sya": "a"})

    contract = Contract()
    contract._installed = Catalogue(plugins=[PLUGIN])
    with pytest.raises(pytest.fail.Exception) as caught:
        contract.test_its_delays_follow_the_policy()

    assert "names 'acme.sya'; expected task types of plugin 'acme'" in str(caught.value)
    assert "which are 'acme.say'" in str(caught.value)
