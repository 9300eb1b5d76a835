"""The real command line, parsed and not run."""

from collections.abc import Iterator

import click

from penstock.cli.root import root

NOT_YET: list[str] = []
"""Commands that pages tell of already. Whoever brings one removes it here."""


def is_awaited(command: str) -> bool:
    """Whether ``command``, behind ``penstock``, is one that is not there yet."""
    return " ".join(command.split()[:2]) in NOT_YET


def parse(arguments: list[str]) -> click.Context:
    """The context of the innermost command of ``penstock`` with these arguments.

    Raises:
        click.UsageError: the command line does not take them.
    """
    command: click.Command | None = root
    context, rest = root.make_context("penstock", list(arguments)), list(arguments)
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(rest), parent=context)
    return context


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that there is, groups too, by what one types: ``penstock queue list``."""
    yield from _below(root, click.Context(root, info_name="penstock"))


def _below(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _below(found, click.Context(found, parent=context, info_name=name))
