"""What commands say: data goes to standard output, everything else to standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console


def people() -> Console:
    """Standard output, for panels and for text of several styles."""
    # rich takes a quarter of the time of `penstock --help`, which does not need it.
    from rich.console import Console

    return Console(highlight=False)


def progress() -> Console:
    """Standard error, for what only accompanies the output."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(document: object) -> None:
    """Print one indented JSON document to standard output."""
    encoded = msgspec.json.encode(document)
    click.echo(msgspec.json.format(encoded, indent=2))


def say(message: str) -> None:
    """Tell people something that programs need not know."""
    click.echo(message, err=True)


def say_error(message: str) -> None:
    """Tell people what went wrong."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {message}", err=True)
