"""docs/hooks.md has every hook, and its examples are plugins."""

import inspect
import re
import sys
from importlib.metadata import EntryPoint

import pytest

from penstock.plugins import hookspecs, load
from tests.unit.docs.pages import DOCS, Block, blocks

PAGE = DOCS / "hooks.md"
HOOKS = [name for name, each in vars(hookspecs).items() if hasattr(each, "penstock_spec")]
EXAMPLES = [block for block in blocks(PAGE) if block.language == "python"]


def section(hook: str) -> str:
    found = re.search(rf"^## {hook}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/hooks.md has no section '## {hook}'"
    return found[1]


def test_there_are_hooks():
    assert "penstock_tasks" in HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_tells_what_it_is_when_it_is_called_what_is_checked_and_has_an_example(hook):
    text = section(hook)

    assert re.search(
        rf"^\.\. autofunction:: penstock\.plugins\.[\w.]+\.{hook}$", text, re.MULTILINE
    )
    assert "Called when " in text
    assert "Checked: " in text
    assert f"def {hook}(" in text.split("```python")[1]


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_says_in_the_source_what_it_returns(hook):
    spec = getattr(hookspecs, hook)

    assert inspect.getdoc(spec)
    assert inspect.signature(spec).return_annotation is not inspect.Signature.empty


def test_no_hook_is_documented_that_is_gone():
    assert set(re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE)) == set(HOOKS)


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_each_example_is_a_plugin_that_loads(block: Block, tmp_path, monkeypatch):
    (tmp_path / "penstock_acme.py").write_text(block.text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "penstock_acme", raising=False)

    catalogue = load([EntryPoint(name="acme", value="penstock_acme", group="penstock")])

    assert [each.problems for each in catalogue.quarantined] == []
    sys.modules.pop("penstock_acme", None)
