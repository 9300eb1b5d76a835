"""docs/errors.md has every code that a task fails with, and every problem of the API."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.docs.pages import DOCS, ROOT

PAGE = (DOCS / "errors.md").read_text()
TASKS, PROBLEMS = PAGE.split("## Problems of the HTTP API")
SOURCES = [
    path
    for pattern in ("core/penstock/**/*.py", "plugins/*/penstock_*/**/*.py")
    for path in ROOT.glob(pattern)
    if "scaffold" not in path.parts  # what a new plugin says is its own
]
# Made from what is known when the program runs.
MADE_UP_PROBLEMS = {
    *("queue-full", "user-queue-full"),
    *("database-unavailable", "redis-unavailable", "service-unavailable"),
    *("not-found", "method-not-allowed", "bad-request"),
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name:
                yield name, node


def text(node: ast.expr | None) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def codes(path: Path) -> Iterator[str]:
    """``XError(…, code="…")``, ``refused(…, "…")``, ``code = "…"`` and its like in a class."""
    tree = ast.parse(path.read_text())
    said: list[ast.expr | None] = []
    for name, call in calls(tree):
        said += [each.value for each in call.keywords if each.arg == "code"]
        said += {"Failure": call.args[:1], "refused": call.args[1:2]}.get(name, [])
    said += [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in {"default_code", "code"}
    ]
    yield from filter(None, map(text, said))


def problems(path: Path) -> Iterator[str]:
    for name, call in calls(ast.parse(path.read_text())):
        if name == "Problem" and call.args:
            yield from filter(None, [text(call.args[0])])


CODES = sorted({code for path in SOURCES for code in codes(path)})
TYPES = sorted({each for path in SOURCES for each in problems(path)} | MADE_UP_PROBLEMS)


def shown(part: str) -> set[str]:
    """What stands in the first column of the tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", part, re.MULTILINE)
    return {each for cell in cells for each in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("code", CODES)
def test_each_code_that_a_task_fails_with_is_documented(code):
    assert f"`{code}`" in TASKS


@pytest.mark.parametrize("slug", TYPES)
def test_each_type_of_problem_is_documented(slug):
    assert slug in shown(PROBLEMS)


def test_no_problem_is_documented_that_is_gone():
    assert shown(PROBLEMS) == set(TYPES)


def test_no_code_is_documented_that_is_gone():
    source = "".join(path.read_text() for path in SOURCES)

    assert [code for code in shown(TASKS) if f'"{code}"' not in source] == []
