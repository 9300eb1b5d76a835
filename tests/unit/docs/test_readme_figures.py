"""The README's figures are those of docs/benchmarks.md, which `make bench` writes."""

import re

import pytest

from tests.unit.docs.pages import DOCS, ROOT

README = (ROOT / "README.md").read_text()
BENCHMARKS = (DOCS / "benchmarks.md").read_text()
# Row of the README -> heading and column of the page.
FIGURES = {
    "tasks per second, one worker": ("Throughput, tasks per second", "drain by one worker"),
    "enqueued in bulk, per second": ("Throughput, tasks per second", "enqueue in bulk"),
    "pick-up on an idle queue, median": (
        "Pick-up latency on an idle queue, milliseconds",
        "from submit's return, p50",
    ),
    "Redis, per waiting task": ("Memory, bytes", "Redis, per waiting task"),
}


def table(text):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    head, _, *body = rows
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def number(cell):
    found = re.match(r"[\d,.]+", cell)
    return float(found[0].replace(",", "")) if found else None


@pytest.mark.parametrize("row", FIGURES)
def test_each_figure_is_that_of_the_last_published_run(row):
    heading, column = FIGURES[row]
    (shown,) = [table(part)[row] for part in README.split("\n## ") if f"| {row} |" in part]
    measured = table(BENCHMARKS.split(f"### {heading}")[1].split("\n### ")[0])

    for peer, cell in shown.items():
        value = number(measured[peer][column])
        if value is None:
            assert cell == "none"
        else:
            rounded = 0.051 if "ms" in cell else 0.5
            assert number(cell) == pytest.approx(value, abs=rounded), f"{peer}: {value}"
