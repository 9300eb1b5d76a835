"""Every link within the repository leads somewhere, on a code host and in the site."""

import pytest

from tests.unit.docs.pages import PAGES, ROOT, anchors, links, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)} links to {link}, which is not there"
        assert target.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)} links to {link}: no such heading"


def test_every_page_of_the_docs_is_reached_from_the_readme_or_the_index():
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in (ROOT / "README.md", ROOT / "docs" / "index.md")
        for link in links(page)
    }

    missing = [
        name_of(page)
        for page in PAGES
        if page.parent == ROOT / "docs" and page.name != "index.md" and page not in linked
    ]
    assert missing == []
