"""``penstock plugins schema``."""

from pathlib import Path

import click

from penstock.cli import process_settings
from penstock.cli.messages import print_json, say, say_error
from penstock.plugins.schema_snapshot import Schemas, Snapshot
from penstock.selected_plugins import selected

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command
@click.argument("task_type", metavar="TASK")
@click.option("--input", "only_input", is_flag=True, help="Print the schema of the input alone.")
@click.option("--output", "only_output", is_flag=True, help="Print that of the output alone.")
@click.option(
    "--snapshot",
    "written",
    type=_FILE,
    metavar="FILE",
    help="Write both into FILE instead, to be checked against later versions; it may have others.",
)
@click.option(
    "--check",
    "compared",
    type=_FILE,
    metavar="FILE",
    help="Compare both with those in FILE: exit code 1 if callers who know those would break.",
)
@click.pass_context
def schema(
    ctx: click.Context,
    task_type: str,
    *,
    only_input: bool,
    only_output: bool,
    written: Path | None,
    compared: Path | None,
) -> None:
    """Print the JSON Schemas (2020-12) of what TASK takes and gives."""
    chosen = [only_input, only_output, written is not None, compared is not None]
    if sum(chosen) > 1:
        message = "expected at most one of --input, --output, --snapshot and --check"
        raise click.UsageError(message)
    catalogue = selected(process_settings.load())
    found = catalogue.task_type(task_type)
    plugin = catalogue.owner_of(task_type).name
    now = Schemas.of(found)
    if written is not None:
        snapshot = _snapshot(written) if written.exists() else Snapshot()
        snapshot.plugins.setdefault(plugin, {})[task_type] = now
        _write(written, snapshot)
    elif compared is not None:
        then = _snapshot(compared).find(plugin, task_type, source=str(compared))
        breaks = [
            *(f"input {each}" for each in then.breaking_input(now)),
            *(f"output {each}" for each in then.breaking_output(now)),
        ]
        for each in breaks:
            say_error(f"{task_type}: {each}")
        if breaks:
            ctx.exit(1)
        say(f"{task_type}: compatible with {compared}")
    elif only_input or only_output:
        print_json(now.input if only_input else now.output)
    else:
        print_json(now)


def _snapshot(path: Path) -> Snapshot:
    try:
        return Snapshot.read(path.read_bytes(), source=str(path))
    except OSError as error:
        raise click.ClickException(f"cannot read {str(path)!r}: {error.strerror}") from error


def _write(path: Path, snapshot: Snapshot) -> None:
    try:
        path.write_text(snapshot.text())
    except OSError as error:
        raise click.ClickException(f"cannot write {str(path)!r}: {error.strerror}") from error
