"""``penstock plugins new``."""

import shlex
from importlib.metadata import version
from pathlib import Path

import click

from penstock.cli.messages import say
from penstock.cli.plugins import scaffold
from penstock.cli.plugins.scaffold import plugin_name
from penstock.plugins import discover


def _checked(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    installed = {each.name: each.dist.name if each.dist else each.value for each in discover()}
    try:
        plugin_name.check(value, installed=installed)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.command()
@click.argument("name", callback=_checked)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="Where the package's folder is made.",
)
@click.option("--provider", is_flag=True, help="One that brings an AI provider for penstock-ai.")
def new(name: str, directory: Path, *, provider: bool) -> None:
    """Write a plugin NAME: a package that is tested, typed and ready to be published."""
    names = scaffold.Names(name)
    folder = directory / names.distribution
    try:
        scaffold.write(
            names,
            folder,
            penstock=version("penstock"),
            kinds=("package", "provider" if provider else "task"),
        )
    except FileExistsError:
        message = f"expected {folder} not to be there yet; remove it, or choose another --directory"
        raise click.UsageError(message) from None
    except OSError as error:
        message = f"cannot write {error.filename}: {error.strerror}; choose another --directory"
        raise click.UsageError(message) from None
    say(f"{folder} is a plugin that works. Next:\n")
    for command in (f"cd {shlex.quote(str(folder))}", "pip install -e '.[dev]'", "pytest"):
        click.echo(f"  {command}")
