import time

import pytest

from penstock import PermanentError
from penstock_ai.render import render
from penstock_ai.render.markdown import MAX_COLUMNS, MAX_NESTING, MAX_PARAGRAPH

FORMATS = ["pdf", "docx", "html"]


def columns(count):
    return f"{'|a' * count}|\n{'|-' * count}|\n{'|b' * count}|"


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize(
    "markdown",
    [
        "",
        " \n\n\t\n",
        "> " * MAX_NESTING + "x",
        "- " * (MAX_NESTING - 1) + "x",
        "".join(f"{'   ' * depth}1. x\n" for depth in range(MAX_NESTING)),
        columns(MAX_COLUMNS),
        "x" * MAX_PARAGRAPH,
        "*a " * 2000 + "a*" * 2000,
        "[" * 5000,
        "[a](" * 2000,
        "#\n\n-\n\n>\n\n|a|\n|-|\n|\n\n```",
        "[](https://example.org) [x]() [x](https://[bad) ![](x)",
        "&#0; &#xD800; &#1; &amp;",
        "a\x00b\x01c\x0bd\ud800e\ufffef\ufdd0g\ufeff",
        "\u202eright to left\u202c a\u0301\u0302\u0303",
    ],
    ids=lambda markdown: repr(markdown[:24]),
)
def test_odd_but_legal_texts_render(to, markdown):
    assert render(markdown, to=to).data


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize(
    ("markdown", "what"),
    [
        ("> " * (MAX_NESTING + 1) + "x", "at most 16 lists and quotes"),
        (">" * 100_000, "at most 16 lists and quotes"),
        ("- " * 1000 + "x", "at most 16 lists and quotes"),
        (columns(MAX_COLUMNS + 1), "at most 40 columns"),
        ("[" * 100_000, "at most 20,000 characters in a paragraph"),
        ("```\n" + "x" * (MAX_PARAGRAPH + 1), "at most 20,000 characters in a line of code"),
    ],
    ids=["quotes", "many quotes", "lists", "columns", "paragraph", "code"],
)
def test_too_complex_texts_are_refused_by_name(to, markdown, what):
    with pytest.raises(PermanentError, match=what) as caught:
        render(markdown, to=to)

    assert caught.value.code == "too_complex"


@pytest.mark.parametrize("to", FORMATS)
def test_two_hundred_kilobytes_take_seconds(to):
    section = f"## Section\n\n{'lorem ipsum **dolor** `sit` ' * 20}\n\n- one\n- two\n  - three\n\n"
    markdown = section * (200_000 // len(section))

    started = time.process_time()
    rendered = render(markdown, to=to)

    assert rendered.data
    assert time.process_time() - started < 30


def test_title_falls_back_to_the_first_heading():
    assert render("text\n\n> - ## A *b*\n\n# C", to="html").title == "A b"
    assert render("text", to="html").title == "Document"
