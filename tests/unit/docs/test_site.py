"""The site is built strictly, is whole, and needs nothing from elsewhere."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import click
import pytest

from tests.command_line import commands
from tests.unit.docs.pages import DOCS, PAGES, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    strictly = ["--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strictly, "docs", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def text_of(page: Path) -> str:
    """What one reads of it, without the markup."""
    return unescape(re.sub(r"<[^>]+>", "", page.read_text()))


def test_each_page_is_there_and_no_markup_is_left_over(site: Path):
    for page in PAGES:
        if page.parent == DOCS:
            text = text_of(site / f"{page.stem}.html")
            assert not re.findall(
                r"^\.\. \w[\w-]*::|:(?:class|meth|func|attr):`", text, re.MULTILINE
            )


def test_no_page_loads_anything_from_elsewhere(site: Path):
    loads = r"""(?:src|srcset|action)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//"""
    for page in site.rglob("*.html"):
        assert not re.findall(loads, page.read_text()), page.name
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"""(?:url\(|@import\s+)["']?(?:https?:)?//""", sheet.read_text())


def test_each_diagram_is_drawn(site: Path):
    for page in DOCS.glob("*.md"):
        drawn = (site / f"{page.stem}.html").read_text().count('<div class="diagram"><svg')
        assert drawn == page.read_text().count("```mermaid\n")


def test_each_route_and_each_of_its_parameters_is_on_the_page(site: Path):
    text = text_of(site / "http-api.html")
    document = json.loads((site / "openapi.json").read_text())

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}" in text
            assert operation["summary"]
            for parameter in operation.get("parameters", ()):
                assert parameter["name"] in text
                if parameter["in"] != "path":
                    what = f"{parameter['name']} of {method.upper()} {path}"
                    assert parameter.get("description"), f"{what} is not described"


def test_each_command_and_each_flag_is_on_the_page(site: Path):
    page = (site / "cli.html").read_text()
    text = text_of(site / "cli.html")

    for path, command in commands():
        for option in command.params:
            if isinstance(option, click.Option):
                anchor = f"cmdoption-{path} {option.opts[0].lstrip('-')}".replace(" ", "-")
                assert f'id="{anchor}"' in page, f"{path} {option.opts[0]}"
        assert f"{path} [OPTIONS]" in text
