"""The example of an AI provider, by the tests that it ships."""

import importlib.util
from importlib.metadata import EntryPoint
from pathlib import Path

from penstock.plugins import load
from penstock_ai import ModelProvider

EXAMPLE = Path(__file__).parents[3] / "examples" / "penstock-anthropic"
_SPEC = importlib.util.spec_from_file_location(
    "test_anthropic", EXAMPLE / "tests" / "test_anthropic.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_TESTS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TESTS)

TestAnthropic = _TESTS.TestAnthropic


def test_it_is_a_plugin_that_loads_and_brings_its_provider():
    entry_point = EntryPoint(name="anthropic", value="penstock_anthropic", group="penstock")

    catalogue = load([entry_point])

    assert not catalogue.quarantined
    (provider,) = catalogue.installed.providers(ModelProvider)
    assert provider.name == "anthropic"
