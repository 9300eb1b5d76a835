"""Every block of code in the pages is what it says it is, and what can run does."""

import json
import subprocess
import sys
import tomllib
import types
from configparser import ConfigParser

import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.docs.pages import PAGES, blocks

BLOCKS = [block for page in PAGES for block in blocks(page)]
LANGUAGES = {"", "ini", "json", "python", "sh", "sql", "toml", "yaml"}
OF_THE_SITE = {"mermaid", "{eval-rst}", "{http-api}", "{include} ../README.md", "{toctree}"}
# Programs that need services, told by a word in them: a test of their page runs them.
RUN_ELSEWHERE = {
    "README.md": ["asyncio.run("],  # tests/acceptance/test_readme.py
    "docs/sql.md": ["create_engine("],  # tests/integration/ledger/test_sql_page.py
    "docs/testing.md": ["penstock_acme"],  # tests/unit/testing/test_testing_page.py
    "docs/tutorial.md": ["# penstock_acme/", "# tests/"],  # tests/acceptance/test_tutorial.py
}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_is_in_a_language_that_is_checked(block):
    assert block.language in LANGUAGES | OF_THE_SITE


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_can_be_read_as_what_it_is(block):
    match block.language:
        case "json":
            decoder, rest = json.JSONDecoder(), block.text.strip()
            while rest:
                _, end = decoder.raw_decode(rest)
                rest = rest[end:].strip()
        case "ini":
            parser = ConfigParser(interpolation=None)
            parser.read_string(block.text)
            assert parser.sections()
        case "toml":
            assert tomllib.loads(block.text)
        case "yaml":
            assert yaml.safe_load(block.text)
        case "sh":
            checked = subprocess.run(["sh", "-n"], input=block.text, text=True, check=False)
            assert checked.returncode == 0


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "python"], ids=str
)
def test_each_program_runs(block, monkeypatch):
    program = compile(block.text, str(block), "exec")
    if any(word in block.text for word in RUN_ELSEWHERE.get(block.page, ())):
        return
    # Annotations are looked up in the module of a function.
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    exec(program, vars(module))
