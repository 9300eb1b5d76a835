"""The command line documents itself, and whatever the pages write of it is what it takes."""

import re
import shlex
from uuid import UUID

import click
import pytest

from tests.command_line import commands, parse
from tests.unit.docs.pages import PAGES, ROOT, blocks, code_spans, name_of

COMMANDS = dict(commands())
FRAGMENTS = sorted((ROOT / "changelog.d").glob("*.md"))


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_says_what_it_does_and_what_each_of_its_flags_does(path):
    command = COMMANDS[path]

    assert command.help
    for each in command.params:
        if isinstance(each, click.Option):
            assert each.help, f"{path} {each.opts[0]} has no help"


def written(page):
    """What a page writes of `penstock`, without what shells would make of it."""
    lines = [
        line
        for block in blocks(page)
        if block.language in {"sh", ""}
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    for text in (*lines, *code_spans(page)):
        found = re.match(r"\s*(?:\.venv/bin/)?penstock (\S.*)", text)
        if found and "=" not in found[1].split()[0]:
            yield found[1]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_command_in_the_pages_is_one_that_the_command_line_takes(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("hello.pdf", "letters.jsonl"):
        (tmp_path / name).touch()  # what a command before may have made
    for text in written(page):
        # In the overviews a summary follows, after at least two spaces.
        command = re.split(r"\s{2,}", text)[0].replace(" …", " 1").replace(" NAME", " acme")
        command = command.replace(" FILE", " letters.jsonl")
        command = command.replace(" ID", f" {UUID(int=0)}")
        arguments = shlex.split(command, comments=True)
        if "COMMAND" in arguments:
            continue
        try:
            parse(arguments)
        except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            pass  # `penstock submit`, `penstock task`: the text is about the command as such
        except click.exceptions.Exit:
            pass  # `--help`
        except click.UsageError as error:
            pytest.fail(f"{name_of(page)}: penstock {text}: {error.format_message()}")


def test_a_command_that_does_not_exist_would_be_noticed():
    with pytest.raises(click.UsageError):
        parse(["queue", "sett"])
    with pytest.raises(click.UsageError):
        parse(["queue", "set", "ai", "--concurrence", "8"])


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=name_of)
def test_what_the_changelog_tells_of_is_there(fragment):
    pages = "".join(page.read_text() for page in PAGES)
    flags = {flag for each in COMMANDS.values() for option in each.params for flag in option.opts}

    text = fragment.read_text()
    for variable in re.findall(r"\bPENSTOCK_[A-Z_]+[A-Z]", text):
        assert variable in pages, f"{variable} is in the changelog and on no page"
    for command in re.findall(r"`penstock [^`]*`", text):
        for flag in re.findall(r"--[a-z][a-z-]+", command):
            assert flag in flags, f"{flag} is in the changelog, and no command takes it"
