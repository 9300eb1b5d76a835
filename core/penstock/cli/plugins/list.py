"""``penstock plugins list``."""

import click
from rich.table import Table
from rich.text import Text

from penstock.cli import process_settings
from penstock.cli.messages import people, print_json, say, say_error
from penstock.cli.options import json_option
from penstock.plugins import PluginView
from penstock.selected_plugins import described, selected

_COLOURS = {"loaded": "green", "quarantined": "red", "disabled": "yellow"}


@click.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the plugins installed here, and what is wrong with those that do not load."""
    found = described(selected(process_settings.load()))
    if as_json:
        print_json({"plugins": found})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("plugin", "distribution", "needs", "brings", "state"):
        table.add_column(column, overflow="fold")
    for plugin in found:
        table.add_row(
            Text(plugin.name),
            Text(f"{plugin.distribution} {plugin.version}"),
            Text(plugin.requires or ""),
            Text("\n".join(f"{kind} {name}" for kind, names in plugin.brings for name in names)),
            Text(plugin.state, style=_COLOURS[plugin.state]),
        )
    people().print(table)
    for plugin in found:
        _explain(plugin)


def _explain(plugin: PluginView) -> None:
    title = f"plugin {plugin.name!r} ({plugin.distribution} {plugin.version})"
    for problem in plugin.problems:
        if plugin.state == "disabled":
            say(f"{title} is not loaded: {problem}")
        else:
            say_error(f"{title}: {problem}")
