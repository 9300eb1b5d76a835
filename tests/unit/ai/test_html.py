from html.parser import HTMLParser

import pytest

VOID = {"meta", "hr", "br"}


class Outline(HTMLParser):
    """The elements and text of a page; fails on unbalanced tags."""

    def __init__(self, page):
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text += data


def test_a_complete_page_with_every_block_kind(html_of):
    page = html_of(
        "# T\n\n*a* **b** `c`  \nd\n\n- x\n  1. y\n\n> q\n\n```\ncode\n```\n\n---\n\n"
        "| a |\n|:-:|\n| b |",
        title="Name & title",
        language="de",
    )

    outline = Outline(page)
    assert page.startswith('<!doctype html>\n<html lang="de">')
    assert "<title>Name &amp; title</title>" in page
    body = outline.tags[outline.tags.index("main") + 1 :]
    assert " ".join(body) == (
        "h1 p em strong code br ul li ol li blockquote p pre code hr table thead tr th tbody tr td"
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x) <javascript:alert(1)>",
        "[x](file:///etc/passwd) [y](/api/tasks) [z](//example.org)",
        "![x](https://example.org/x.png)",
        '[x](https://example.org/"onmouseover="alert(1))'.replace("[x](", "[x]( "),
        "```<script>\n</code></pre><script>alert(1)</script>\n```",
        "| <script> |\n|---|\n| </td><script>alert(1)</script> |",
    ],
)
def test_hostile_markdown_becomes_text(html_of, attack):
    outline = Outline(html_of(attack, title="</title><script>alert(1)</script>"))

    assert not {"script", "img", "iframe"} & set(outline.tags)
    assert all(link.startswith("https://example.org/") for link in outline.links)


def test_images_become_their_alternative_text(html_of):
    outline = Outline(html_of("see ![a *small* cat](https://example.org/cat.png) here"))

    assert "see a small cat here" in outline.text
    assert outline.links == []


def test_tight_lists_have_no_paragraphs_and_loose_ones_do(html_of):
    assert "<p>" not in html_of("- a\n- b")
    assert html_of("- a\n\n- b").count("<p>") == 2
    assert html_of("- a\n  - b\n\n    c\n- d").count("<p>") == 2


def test_a_link_with_several_styles_is_one_link(html_of):
    page = html_of("[a **b**\\\nc](https://example.org) [d](https://example.org/d)")

    assert ">a <strong>b</strong><br>c</a> <a" in page
    assert Outline(page).links == ["https://example.org", "https://example.org/d"]
