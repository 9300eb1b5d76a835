from pathlib import Path
from typing import Any

import pytest

import penstock_ai
from penstock import PermanentError
from penstock_ai.document import TEMPLATES
from penstock_ai.render import render
from penstock_ai.template import fill

LETTER = {"sender": "Ada", "recipient": "Bob", "date": "23 November 2026", "body": "Hi **you**."}
LINE = {"description": "Shelf", "quantity": 2, "unit_price": "1149.50"}
INVOICE = {
    "number": "7",
    "date": "today",
    "seller": "S",
    "customer": "C",
    "currency": "EUR",
    "lines": [LINE, {"description": "Screw", "quantity": 3, "unit_price": 0.1}],
}
REPORT = {"heading": "Q3", "sections": [{"heading": "Sales", "body": "- up\n- down"}]}
DATA: dict[str, dict[str, Any]] = {"invoice": INVOICE, "letter": LETTER, "report": REPORT}


def test_every_shipped_template_is_declared_and_the_reverse():
    folder = Path(penstock_ai.__file__).parent / "templates"

    assert {path.name.removesuffix(".md.j2") for path in folder.iterdir()} == set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("to", ["pdf", "docx", "html"])
def test_every_template_renders_in_every_format(name, to):
    assert render(fill(name, DATA[name]), to=to).data


def test_invoice_adds_up_exactly(pdf_text):
    text = pdf_text(render(fill("invoice", {**INVOICE, "tax_percent": 19}), to="pdf").data)

    for expected in ("2,299.00", "0.30", "Net 2,299.30", "Tax, 19 % 436.87", "2,736.17"):
        assert expected in text


def test_optional_values_appear(html_of):
    page = html_of(
        fill("report", {**REPORT, "author": "Ada", "date": "today", "summary": "*short*"})
    )

    assert "<em>Ada, today</em>" in page
    assert "<em>short</em>" in page
    assert "Dear Bob," in html_of(fill("letter", LETTER))
    assert "Hallo," in html_of(fill("letter", {**LETTER, "greeting": "Hallo"}))
    assert "Due: tomorrow" in html_of(fill("invoice", {**INVOICE, "due": "tomorrow"}))


@pytest.mark.parametrize(
    "value",
    [
        "{{ ''.__class__ }}",
        "{% for x in ().__class__.__mro__ %}{% endfor %}",
        "*not* _emphasis_ `code` [a](b) | pipe",
        "# no heading",
        "1. no list",
        "- no list",
        "<b> &amp; \\",
        "![x](y)",
        "    no code",
    ],
)
@pytest.mark.parametrize(
    "fields",
    [lambda value: {**LETTER, "sender": value}, lambda value: {**LETTER, "subject": value}],
    ids=["line", "bold"],
)
def test_plain_values_appear_as_they_are(docx_of, value, fields):
    texts = [p.text for p in docx_of(fill("letter", fields(value))).paragraphs]

    assert value.strip() in texts


def test_a_value_with_line_ends_cannot_leave_its_table_cell(docx_of):
    line = {**LINE, "description": "a\n\n# b | c"}

    (table,) = docx_of(fill("invoice", {**INVOICE, "lines": [line]})).tables

    assert table.cell(1, 0).text == "a # b | c"
    assert len(table.columns) == 4


def test_template_syntax_in_markdown_values_is_not_run(html_of):
    page = html_of(fill("letter", {**LETTER, "body": "{{ 7 * 7 }} {{ ''.__class__ }}"}))

    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("letter", {}, "'sender' is undefined"),
        ("letter", {k: v for k, v in LETTER.items() if k != "body"}, "'body' is undefined"),
        ("invoice", {**INVOICE, "lines": [{"description": "x"}]}, "'quantity'"),
        ("report", {"heading": "x"}, "'sections' is undefined"),
        ("letter", {**LETTER, "sendr": "x"}, "got 'sendr'; did you mean 'sender'"),
        ("letter", {**LETTER, "body": 5}, "expected Markdown text, got int '5'"),
        ("letter", {**LETTER, "sender": ["a"]}, "expected a text or a number, got list"),
        ("letter", {**LETTER, "sender": None}, "expected a text or a number, got NoneType"),
        ("invoice", {**INVOICE, "lines": 5}, "not iterable"),
        ("invoice", {**INVOICE, "lines": ["x"]}, "quantity"),
        ("invoice", {**INVOICE, "lines": [{**LINE, "quantity": "two"}]}, "a number, got 'two'"),
        ("invoice", {**INVOICE, "lines": [{**LINE, "quantity": True}]}, "a number, got 'True'"),
        ("invoice", {**INVOICE, "lines": [{**LINE, "quantity": 1e308}]}, "template 'invoice'"),
        ("invoice", {**INVOICE, "lines": [{**LINE, "quantity": "NaN"}]}, "a number, got 'NaN'"),
    ],
)
def test_bad_data_is_named(name, data, problem):
    with pytest.raises(PermanentError) as caught:
        fill(name, data)

    assert problem in str(caught.value)
    assert repr(name) in str(caught.value)
    assert caught.value.code == "invalid_template_data"
