"""``penstock plugins``: what is installed here, and what becomes of it."""

import click

from penstock.cli.lazy_group import LazyCommand, LazyGroup

_COMMANDS = {
    name: LazyCommand(f"penstock.cli.plugins.{module}", attribute, summary)
    for name, module, attribute, summary in (
        ("list", "list", "list_", "List the plugins installed here, and what is wrong with them."),
        ("new", "new", "new", "Write a new plugin: a package with a task type and its tests."),
        ("check", "check", "check", "Load plugins, and print every problem of theirs."),
        ("schema", "schema", "schema", "Print what a task type takes and gives, or compare it."),
        ("explain", "explain", "explain", "Show what holds for a task type, and who says so."),
    )
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def plugins() -> None:
    """Look at plugins, check them, and make new ones."""
