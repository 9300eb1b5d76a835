"""``penstock provider``."""

import click

from penstock.cli import policies
from penstock.cli.connect import connect
from penstock.cli.messages import people, print_json
from penstock.cli.options import json_option
from penstock.settings.provider_tuning import PROVIDER_KNOBS


@click.group()
def provider() -> None:
    """Look at the limits of providers, and change them, while everything runs."""


@provider.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the providers with their limits."""
    with connect() as client:
        found = client.providers()
    if as_json:
        print_json([each.document for each in found])
        return
    knobs = [each.field for each in PROVIDER_KNOBS]
    table = policies.plain_table("provider", *(each.replace("_", " ") for each in knobs))
    for each in found:
        table.add_row(each.name, *(each.policy[knob].value for knob in knobs))
    people().print(table)


@provider.command()
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Show the limits of provider NAME, and who says so."""
    with connect() as client:
        found = client.provider(name)
    policies.show_provider(found, as_json=as_json)


@provider.command(name="set")
@click.argument("name")
@policies.knob_options(PROVIDER_KNOBS)
@json_option
def set_(*, name: str, as_json: bool, **values: str | None) -> None:
    """Say what shall hold for provider NAME, at once and until it is taken back.

    The value `default` takes back what was said: the variable counts again, or the plugin.
    """
    said = policies.said(values, example="--concurrency 8")
    with connect() as client:
        found = client.set_provider(name, said)
    policies.show_provider(found, as_json=as_json)


@provider.command()
@click.argument("name")
@json_option
def reset(*, name: str, as_json: bool) -> None:
    """Take back all that was set of provider NAME."""
    with connect() as client:
        found = client.reset_provider(name)
    policies.show_provider(found, as_json=as_json)
