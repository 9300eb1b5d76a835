"""``penstock plugins list``."""

import click
from rich.table import Table
from rich.text import Text

from penstock.cli.messages import people, print_json, say_error
from penstock.cli.options import json_option
from penstock.plugins import Catalogue, Plugin, QuarantinedPlugin, discover, load


@click.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the plugins installed here, and what is wrong with those that do not load."""
    catalogue = load(discover())
    if as_json:
        print_json(_document(catalogue))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("plugin", "distribution", "queues", "providers", "task types", "state"):
        table.add_column(column, overflow="fold")
    for plugin in catalogue.plugins:
        table.add_row(
            *map(Text, _names(plugin)),
            Text("\n".join(queue.name for queue in plugin.queues)),
            Text("\n".join(each.name for each in plugin.providers)),
            Text("\n".join(each.name for each in plugin.tasks)),
            Text("loaded", style="green"),
        )
    for refused in catalogue.quarantined:
        table.add_row(*map(Text, _names(refused)), "", "", "", Text("quarantined", style="red"))
    people().print(table)
    for refused in catalogue.quarantined:
        for problem in refused.problems:
            say_error(f"plugin {refused.name} ({_names(refused)[1]}): {problem}")


def _names(plugin: Plugin | QuarantinedPlugin) -> tuple[str, str]:
    return plugin.name, f"{plugin.distribution} {plugin.version}"


def _document(catalogue: Catalogue) -> dict[str, list[dict[str, object]]]:
    return {
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "queues": [queue.name for queue in plugin.queues],
                "providers": [each.name for each in plugin.providers],
                "task_types": [each.name for each in plugin.tasks],
            }
            for plugin in catalogue.plugins
        ],
        "quarantined": [
            {
                "name": refused.name,
                "distribution": refused.distribution,
                "version": refused.version,
                "problems": list(refused.problems),
                "traceback": refused.traceback,
            }
            for refused in catalogue.quarantined
        ],
    }
