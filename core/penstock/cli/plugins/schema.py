"""``penstock plugins schema``."""

from pathlib import Path

import click
import msgspec

from penstock.cli import process_settings
from penstock.cli.messages import print_json, say, say_error
from penstock.installed import installed
from penstock.plugins.schema_snapshot import Snapshot

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
    help="Write both to FILE instead, to be checked against later versions.",
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
    found = installed(process_settings.load()).task_type(task_type)
    now = Snapshot.of(found)
    if written is not None:
        _write(written, now)
    elif compared is not None:
        breaks = Snapshot.read(_content(compared), source=str(compared)).breaks(found)
        for each in breaks:
            say_error(f"{task_type}: {each}")
        if breaks:
            ctx.exit(1)
        say(f"{task_type}: compatible with {compared}")
    elif only_input or only_output:
        print_json(now.input if only_input else now.output)
    else:
        print_json(now)


def _write(path: Path, snapshot: Snapshot) -> None:
    text = msgspec.json.format(msgspec.json.encode(snapshot), indent=2)
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise click.ClickException(f"cannot write {str(path)!r}: {error.strerror}") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"cannot read {str(path)!r}: {error.strerror}") from error
