"""docs/settings.md tells the truth."""

import re
from pathlib import Path

import pytest

from penstock.plugins import discover, load
from penstock.redis_url import OPTIONS, SCHEMES
from penstock.settings import KNOBS, PROVIDERS, QUEUES, TASKS, plugin_settings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
REDIS_PAGE = PAGE.with_name("redis.md")
OF_PLUGINS = [
    knob
    for plugin in load(discover()).plugins
    for kind in plugin.settings
    for knob in plugin_settings.knobs(plugin.name, kind)
]


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.variable)
def test_every_setting_is_documented_as_it_is(knob):
    default = knob.derived if knob.default is None else f"`{knob.default}`"
    row = f"| `{knob.variable}` | {knob.kind} | {default} | {knob.doc} |"

    assert row in PAGE.read_text().splitlines()


@pytest.mark.parametrize("kind", [QUEUES, PROVIDERS, TASKS], ids=lambda kind: kind.kind)
def test_what_can_be_said_of_what_plugins_declare_is_documented_as_it_is(kind):
    rows = [
        f"| `{kind.prefix}<NAME>_{each.suffix}` | {each.kind} | {each.doc} |" for each in kind.knobs
    ]

    assert set(rows) <= set(PAGE.read_text().splitlines())


@pytest.mark.parametrize("knob", OF_PLUGINS, ids=lambda knob: knob.variable)
def test_every_setting_of_a_built_in_plugin_is_documented_as_it_is(knob):
    assert f"| `{knob.variable}` | {knob.doc} |" in PAGE.read_text().splitlines()


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_a_redis_url_is_documented(option):
    assert f"\n| `{option}` | " in REDIS_PAGE.read_text()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_form_of_a_redis_url_is_documented(scheme):
    assert f"\n{scheme}://" in REDIS_PAGE.read_text()
    assert f"`{scheme}://`" in PAGE.read_text()


def test_the_page_documents_no_setting_that_is_gone():
    rows = [line for line in PAGE.read_text().splitlines() if re.match("[|] `[A-Z]", line)]

    known = (KNOBS, QUEUES.knobs, PROVIDERS.knobs, TASKS.knobs, OF_PLUGINS)
    assert len(rows) == sum(map(len, known))
