"""docs/testing.md shows tests that pass."""

import ast
import re

from penstock.testing import Harness, PluginContract
from tests.unit.docs.pages import DOCS, ROOT, blocks

ABOUT_THE_EXAMPLE, OF_A_POLICY, _ = (
    block.text for block in blocks(DOCS / "testing.md") if block.language == "python"
)
# tests/conformance/test_examples.py runs them.
TESTS_OF_THE_EXAMPLE = ROOT / "examples" / "penstock-acme" / "tests" / "test_acme.py"


def definitions(program: str) -> set[str]:
    return {
        ast.dump(node)
        for node in ast.parse(program).body
        if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef)
    }


def test_the_file_it_begins_with_is_part_of_the_example() -> None:
    shown = definitions(ABOUT_THE_EXAMPLE)

    assert len(shown) == 3
    assert shown <= definitions(TESTS_OF_THE_EXAMPLE.read_text())


def test_it_has_each_check_of_the_contract() -> None:
    shown = re.findall(r"^\| `(test_\w+)` \|", (DOCS / "testing.md").read_text(), re.MULTILINE)

    assert shown == [name for name in vars(PluginContract) if name.startswith("test_")]


async def test_its_policy_of_hours_is_over_at_once(harness: Harness) -> None:
    page: dict[str, object] = {"__name__": __name__}
    exec(OF_A_POLICY, page)

    await page["test_it_gives_up_after_hours"](harness)  # type: ignore[operator]
