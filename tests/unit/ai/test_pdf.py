import pypdfium2  # type: ignore[import-untyped]
import pytest

from penstock_ai.render import render


def test_every_block_kind_is_in_the_text_of_the_pdf(pdf_text):
    markdown = (
        "# Title\n\nA *soft* **bold** `code` [link](https://example.org) ~~gone~~.\n\n"
        "- one\n  1. inner\n\n> quoted\n\n```\nx = 1\n```\n\n---\n\n"
        "| a | b |\n|---|--:|\n| c | d |\n"
    )
    rendered = render(markdown, to="pdf")

    text = pdf_text(rendered.data)

    assert rendered.pages == 1
    assert rendered.warnings == ()
    expected = "Title|A soft bold code link gone.|• one|1. inner|quoted|x = 1|a b|c d|1 / 1"
    assert expected.split("|") == [line.strip() for line in text.splitlines() if line.strip()]


def test_title_is_in_metadata_and_page_header(pdf_text):
    data = render("text", title="Q3 <report>", to="pdf").data
    pdf = pypdfium2.PdfDocument(data)

    assert pdf.get_metadata_value("Title") == "Q3 <report>"
    assert "Q3 <report>" in pdf_text(data)
    pdf.close()


def test_long_documents_are_counted_in_pages(pdf_text):
    rendered = render("word " * 3000, to="pdf")

    assert rendered.pages is not None
    assert rendered.pages > 2
    assert f"{rendered.pages} / {rendered.pages}" in pdf_text(rendered.data)


@pytest.mark.parametrize(
    "attack",
    [
        '#read("/etc/passwd")',
        '#eval("1+1")',
        "$ 1/0 $ @ref #let x = 1",
        '"); #panic("out")',
        "\\#read(&quot;page.typ&quot;)",
    ],
)
@pytest.mark.parametrize("place", ["{}", "# {}", "- {}", "> {}", "    {}", "| {} |\n|---|\n| {} |"])
def test_typst_code_stays_text(pdf_text, attack, place):
    shown = attack.replace("\\#", "#").replace("&quot;", '"') if place[0] != " " else attack

    text = pdf_text(render(place.format(attack, attack), title=attack, to="pdf").data)

    assert shown in text
    assert "root:" not in text


@pytest.mark.parametrize("text", ["Größe Äöüß", "Ωμέγα αβγ", "Привет", "→ ✓ ∑ é"])
def test_european_text_is_extractable(pdf_text, text):
    rendered = render(text, to="pdf")

    assert rendered.warnings == ()
    assert text in pdf_text(rendered.data)


@pytest.mark.parametrize("text", ["漢字とかな", "한국어", "😀 👩‍👩‍👧"])
def test_characters_without_a_glyph_are_warned_of(text):
    rendered = render(f"before {text} after", to="pdf")

    assert rendered.data.startswith(b"%PDF-")
    assert len(rendered.warnings) == 1
    assert text[0] in rendered.warnings[0]
    assert "'docx' and 'html'" in rendered.warnings[0]


def test_words_longer_than_a_line_wrap_and_copy_without_gaps(pdf_text):
    word = "".join(f"{number:03}" for number in range(100))

    text = pdf_text(render(f"{word}\n\n`{word}`\n\n    {word}", to="pdf").data)

    assert "".join(text.split()).count(word) == 3
    assert word not in text
