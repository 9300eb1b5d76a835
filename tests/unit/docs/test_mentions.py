"""What the pages mention in passing is there, by that name."""

import re

import pytest

from penstock import Context, SyncContext
from penstock.api.openapi import openapi_document
from penstock.plugins import discover, load
from tests.unit.docs.pages import DOCS, PAGES, ROOT, code_spans, name_of

DOCUMENT = openapi_document(load(discover()), max_body_bytes=1, max_upload_bytes=1)
ROUTES = {
    f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
}
SERVED_BY_WORKERS = {"GET /livez", "GET /readyz"}
# Where a page's short names of files are meant to be.
FOLDERS = [ROOT, ROOT / "core" / "penstock"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_route_in_the_text_is_served(page):
    for text in code_spans(page):
        if found := re.fullmatch(r"([A-Z]+) (/\w[^ ?]*)(?:\?.*)?", text):
            route = f"{found[1]} {re.sub(r'{[^}]*}', '{}', found[2]).rstrip('/')}"
            assert route in ROUTES | SERVED_BY_WORKERS, f"{name_of(page)}: {text}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_setting_in_the_text_is_one(page):
    settings = (DOCS / "settings.md").read_text()
    if page.is_relative_to(ROOT / "examples"):
        return  # an example documents its own
    for text in code_spans(page):
        for name in re.findall(r"\bPENSTOCK_[A-Z_]*[A-Z]\b(?!_)", text):
            # Those of one queue, task type or provider, and of the reader's plugin, are made up.
            made_up = re.match(r"PENSTOCK_(QUEUE|TASK|PROVIDER|ACME)_", name)
            known = name.removesuffix("_FILE")
            assert made_up or f"| `{known}`" in settings, f"{name_of(page)}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_problem_in_the_text_is_documented(page):
    errors = (DOCS / "errors.md").read_text()
    for text in code_spans(page):
        for name in re.findall(r"^/problems/([\w-]+)$", text):
            assert f"`{name}`" in errors, f"{name_of(page)}: {text}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_handler_is_told_to_ask_of_its_context_is_there(page):
    for text in code_spans(page):
        for name in re.findall(r"\bctx\.(\w+)", text):
            names = {*dir(Context), *Context.__annotations__}
            names |= {*dir(SyncContext), *SyncContext.__annotations__}
            assert name in names, f"{name_of(page)}: {text}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_file_in_the_text_is_there(page):
    if page.name in {"tutorial.md", "publishing.md"}:
        return  # about files of the reader's own
    for text in code_spans(page):
        if re.fullmatch(r"[\w.-]+(/[\w.*-]+)+\.(py|lua|sql|md|yml|toml|in|json)", text):
            places = [*FOLDERS, page.parent]
            assert any([*place.glob(text)] for place in places), f"{name_of(page)}: {text}"
