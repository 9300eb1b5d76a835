"""``penstock plugins check``."""

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import msgspec
from packaging.utils import canonicalize_name

from penstock.cli import process_settings
from penstock.cli.messages import print_json, say_error
from penstock.cli.options import json_option
from penstock.configuration import faults
from penstock.near_names import hint
from penstock.plugins import PluginView, discover
from penstock.plugins.discovery import in_order
from penstock.plugins.selection import distribution_name, plugins_of
from penstock.plugins.sources import importable
from penstock.selected_plugins import described, loaded
from penstock.settings import SettingsError, secret_values


@click.command()
@click.argument("plugins", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--traceback", is_flag=True, help="Show where the plugin's own code failed.")
@json_option
def check(*, plugins: tuple[str, ...], traceback: bool, as_json: bool) -> None:
    """Load plugins beside all others, and print every problem; exit 1 if there is any.

    NAME is one that is installed; PATH is a project's folder, a folder of installed packages, or a
    wheel. All that are installed, if nothing is named.

    Settings are read as a start in this folder and environment would read them.
    """
    with ExitStack() as stack:
        asked, candidates = _candidates(plugins, stack)
        all_found, problems = _checked(candidates)
    found = [each for each in all_found if _is_one(each, asked)]
    if as_json:
        print_json({"plugins": found, "problems": problems})
    else:
        for each in found:
            _report(each, traceback=traceback)
        for problem in problems:
            say_error(problem)
    sys.exit(1 if problems or any(each.problems for each in found) else 0)


def _checked(candidates: Sequence[EntryPoint]) -> tuple[Sequence[PluginView], list[str]]:
    """All plugins with their problems, and what is wrong with settings that are of none of them."""
    try:
        settings = process_settings.load(plugins=[each.name for each in candidates])
    except SettingsError as error:
        return described(loaded(candidates, mask=secret_values.mask(os.environ))), [str(error)]
    catalogue = loaded(candidates, mask=settings.mask)
    wrong: dict[str | None, list[str]] = defaultdict(list)
    for plugin, fault in faults(settings, catalogue):
        wrong[plugin].append(str(fault))
    views = [
        msgspec.structs.replace(each, problems=[*each.problems, *wrong[each.name]])
        for each in described(catalogue)
    ]
    return views, wrong[None]


def _candidates(
    plugins: Sequence[str], stack: ExitStack
) -> tuple[Sequence[EntryPoint], Sequence[EntryPoint]]:
    """Those that are asked for, and these with all others that are installed."""
    installed = discover()
    asked: list[EntryPoint] = []
    for each in plugins:
        known = [point for point in installed if point.name == each]
        if not known and (os.sep in each or Path(each).exists()):
            known = list(stack.enter_context(importable(Path(each).absolute())))
        if not known:
            meant = plugins_of(each, installed)
            near = hint(each, {point.name for point in installed})
            remedy = f"did you mean {meant[0]!r}?" if meant else near
            raise click.UsageError(f"there is no plugin {each!r} here; {remedy}")
        asked += known
    # What is checked as a folder may be installed as well, in another version.
    replaced = {canonicalize_name(distribution_name(each)) for each in asked}
    others = [
        each for each in installed if canonicalize_name(distribution_name(each)) not in replaced
    ]
    return asked or installed, in_order([*asked, *others])


def _is_one(plugin: PluginView, asked: Sequence[EntryPoint]) -> bool:
    return any(
        (plugin.name, plugin.distribution) == (each.name, distribution_name(each)) for each in asked
    )


def _report(plugin: PluginView, *, traceback: bool) -> None:
    title = f"plugin {plugin.name!r} ({plugin.distribution} {plugin.version})"
    for problem in plugin.problems:
        say_error(f"{title}: {problem}")
    if traceback and plugin.traceback is not None:
        click.echo(plugin.traceback, err=True)
    if not plugin.problems:
        what = ", ".join(f"{kind} {name}" for kind, names in plugin.brings for name in names)
        click.echo(f"{title}: {what or 'it brings nothing'}; no problems")
