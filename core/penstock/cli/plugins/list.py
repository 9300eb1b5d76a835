"""``penstock plugins list``."""

import click
from rich.text import Text

from penstock.cli import layout, process_settings
from penstock.cli.messages import print_json, say, say_error
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
    for plugin in found:
        _show(plugin)
    for plugin in found:
        _explain(plugin)


def _show(plugin: PluginView) -> None:
    state = Text(plugin.state, style=_COLOURS[plugin.state])
    needs = f", needs {plugin.requires}" if plugin.requires else ""
    layout.show(
        Text.assemble(
            (plugin.name, "bold"), f" ({plugin.distribution} {plugin.version}{needs}): ", state
        )
    )
    room = max(len(kind) for kind, _ in plugin.brings)
    for kind, names in plugin.brings:
        layout.show_names(kind, names, indent=2, room=room)


def _explain(plugin: PluginView) -> None:
    title = f"plugin {plugin.name!r} ({plugin.distribution} {plugin.version})"
    for problem in plugin.problems:
        if plugin.state == "disabled":
            say(f"{title} is not loaded: {problem}")
        else:
            say_error(f"{title}: {problem}")
