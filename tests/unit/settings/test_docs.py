"""docs/settings.md tells the truth."""

from pathlib import Path

import pytest

from penstock.settings import KNOBS

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.variable)
def test_every_setting_is_documented_as_it_is(knob):
    default = knob.derived if knob.default is None else f"`{knob.default}`"
    row = f"| `{knob.variable}` | {knob.kind} | {default} | {knob.doc} |"

    assert row in PAGE.read_text().splitlines()


def test_the_page_documents_no_setting_that_is_gone():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert len(rows) == len(KNOBS)
