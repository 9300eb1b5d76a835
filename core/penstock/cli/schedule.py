"""``penstock schedule``."""

from datetime import timedelta

import click
from rich.table import Table
from rich.text import Text

from penstock.cli.connect import connect
from penstock.cli.messages import people, print_json, say
from penstock.cli.options import Duration, InputText, PriorityLabel, json_option
from penstock.cli.schedule_answers import Schedule
from penstock.declarations import Priority

_STYLES = {"active": "green", "paused": "yellow"}


@click.group()
def schedule() -> None:
    """Look at schedules, make them, pause them, run their task now."""


@schedule.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the schedules with their state and next instant."""
    with connect() as client:
        found = client.schedules()
    if as_json:
        print_json([each.document for each in found])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("schedule", "state", "when", "type", "next", "from"):
        table.add_column(column, overflow="fold")
    for each in found:
        table.add_row(
            each.name, _state(each), each.when, each.type, each.next_run_at or "", each.source
        )
    people().print(table)


@schedule.command()
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Show schedule NAME."""
    with connect() as client:
        found = client.schedule(name)
    _show(found, as_json=as_json)


@schedule.command()
@click.argument("name")
@click.argument("type_name", metavar="TYPE")
@click.option("--input", "-i", "input_", type=InputText(), required=True, help="The tasks' input.")
@click.option("--cron", help="Minute, hour, day of the month, month, weekday: '0 3 * * *'.")
@click.option("--every", type=Duration(), help="The interval instead: 30s, 5m, 1h30m.")
@click.option("--timezone", help="The IANA zone in which --cron is meant.  [default: UTC]")
@click.option(
    "--misfire",
    type=click.Choice(["skip", "run_once"]),
    help="What becomes of instants that nobody was there for.  [default: skip]",
)
@click.option(
    "--misfire-grace", type=Duration(), help="How late an instant may be.  [default: 60s]"
)
@click.option("--priority", type=PriorityLabel(), help="How urgent they are.  [default: normal]")
@click.option("--user-id", help="For whom they run.")
@json_option
def create(  # noqa: PLR0913  (click hands each option over by its name)
    *,
    name: str,
    type_name: str,
    input_: bytes,
    cron: str | None,
    every: timedelta | None,
    timezone: str | None,
    misfire: str | None,
    misfire_grace: timedelta | None,
    priority: Priority | None,
    user_id: str | None,
    as_json: bool,
) -> None:
    """Make schedule NAME, which submits a task of TYPE at each of its instants."""
    said = {
        "cron": cron,
        "every_seconds": None if every is None else every.total_seconds(),
        "timezone": timezone,
        "misfire": misfire,
        "misfire_grace_seconds": None if misfire_grace is None else misfire_grace.total_seconds(),
        "priority": None if priority is None else priority.label,
        "user_id": user_id,
    }
    terms = {field: value for field, value in said.items() if value is not None}
    with connect() as client:
        found = client.create_schedule(name, type_name, input_, terms)
    _show(found, as_json=as_json)


@schedule.command()
@click.argument("name")
@json_option
def pause(*, name: str, as_json: bool) -> None:
    """Let schedule NAME make no tasks, now or later, until it is resumed."""
    with connect() as client:
        found = client.switch_schedule(name, "pause")
    _show(found, as_json=as_json)


@schedule.command()
@click.argument("name")
@json_option
def resume(*, name: str, as_json: bool) -> None:
    """Let schedule NAME go on with its next instant."""
    with connect() as client:
        found = client.switch_schedule(name, "resume")
    _show(found, as_json=as_json)


@schedule.command()
@click.argument("name")
@json_option
def run(*, name: str, as_json: bool) -> None:
    """Submit the task of schedule NAME now, whether it is paused or not."""
    with connect() as client:
        task = client.run_schedule(name)
    if as_json:
        print_json(task.document)
        return
    people().print(f"accepted {task.id}", soft_wrap=True)
    say(f"follow it with: penstock task show {task.id} --wait")


@schedule.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(*, name: str, yes: bool, as_json: bool) -> None:
    """Remove schedule NAME; the tasks that it made stay."""
    if not yes:
        click.confirm(f"Remove schedule {name!r}?", abort=True, err=True)
    with connect() as client:
        found = client.delete_schedule(name)
    if as_json:
        print_json(found.document)
    else:
        say(f"schedule {name!r} is gone")


def _show(found: Schedule, *, as_json: bool) -> None:
    if as_json:
        print_json(found.document)
        return
    console = people()
    console.print(Text.assemble(("schedule ", "dim"), found.name, ": ", _state(found)))
    table = Table(box=None, pad_edge=False, show_header=False)
    rows = {
        "task": found.type,
        "when": found.when,
        "next": found.next_run_at,
        "last": found.last_run_at,
        "last task": found.last_task_id,
        "paused by": found.paused_by,
        "problem": found.problem,
        "from": f"{found.source} ({found.created_by})",
    }
    for label, value in rows.items():
        if value is not None:
            table.add_row(Text(label, style="dim"), str(value))
    console.print(table)


def _state(found: Schedule) -> Text:
    return Text(found.state, style=_STYLES.get(found.state, "red"))
