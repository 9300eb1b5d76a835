from docx.oxml.ns import qn


def numbering(paragraph):
    found = paragraph._p.find(f".//{qn('w:numId')}")
    return None if found is None else found.get(qn("w:val"))


def test_blocks_become_real_styles(docx_of):
    document = docx_of("# One\n\n### Three\n\ntext\n\n> quoted\n\n```\na\n b\n```\n")

    assert [(p.style.name, p.text) for p in document.paragraphs] == [
        ("Heading 1", "One"),
        ("Heading 3", "Three"),
        ("Normal", "text"),
        ("Quote", "quoted"),
        ("CodeBlock", "a\n b"),
    ]


def test_inline_styles_become_runs(docx_of):
    (paragraph,) = docx_of("a **b** *c* ~~d~~ ***e***").paragraphs

    found = {r.text: (r.bold, r.italic, r.font.strike) for r in paragraph.runs if r.text.strip()}
    assert found == {
        "a ": (None, None, None),
        "b": (True, None, None),
        "c": (None, True, None),
        "d": (None, None, True),
        "e": (True, True, None),
    }


def test_links_are_hyperlinks(docx_of):
    (paragraph,) = docx_of("see [the **site**](https://example.org/?a=1&b=2)").paragraphs

    (link,) = paragraph.hyperlinks
    assert (link.url, link.text) == ("https://example.org/?a=1&b=2", "the site")


def test_each_numbered_list_counts_from_its_own_start(docx_of):
    document = docx_of("1. a\n2. b\n\ntext\n\n5. c\n6. d\n")

    first, second, _, third, fourth = map(numbering, document.paragraphs)
    assert first == second
    assert third == fourth != first
    (start,) = document.part.numbering_part.element.xpath(
        f"./w:num[@w:numId={third}]/w:lvlOverride/w:startOverride/@w:val"
    )
    assert start == "5"


def test_nested_items_are_indented_further(docx_of):
    indents = [p.paragraph_format.left_indent for p in docx_of("- a\n  - b\n    - c").paragraphs]

    assert indents == sorted(set(indents))


def test_items_that_begin_with_code_keep_their_mark(docx_of):
    mark, code = docx_of("- ```\n  x\n  ```").paragraphs

    assert (mark.text, code.text) == ("", "x")
    assert numbering(mark) is not None
    assert numbering(code) is None


def test_tables_keep_cells_and_alignment(docx_of):
    (table,) = docx_of("| a | b |\n|---|--:|\n| c | **d** |\n").tables

    assert [[cell.text for cell in row.cells] for row in table.rows] == [["a", "b"], ["c", "d"]]
    assert table.cell(1, 1).paragraphs[0].alignment == 2
    assert table.cell(0, 0).paragraphs[0].runs[0].bold


def test_title_language_and_header_are_set(docx_of):
    document = docx_of("text", title="Überblick", language="de")

    assert document.core_properties.title == "Überblick"
    assert document.core_properties.author == ""
    assert document.sections[0].header.paragraphs[0].text == "Überblick"


def test_any_script_survives(docx_of):
    (paragraph,) = docx_of("Äöü Ωμέγα 漢字 😀 עברית").paragraphs

    assert paragraph.text == "Äöü Ωμέγα 漢字 😀 עברית"
