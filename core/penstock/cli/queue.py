"""``penstock queue``."""

import click
from rich.text import Text

from penstock.cli import layout, policies
from penstock.cli.connect import connect
from penstock.cli.messages import people, print_json, say
from penstock.cli.options import json_option
from penstock.cli.policy_answers import QueuePolicy
from penstock.settings.queue_tuning import QUEUE_KNOBS


@click.group()
def queue() -> None:
    """Look at queues, tune them, pause, drain and purge them, while everything runs."""


@queue.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the queues with their state and limits."""
    with connect() as client:
        found = client.queues()
    if as_json:
        print_json([each.document for each in found])
        return
    knobs = ("concurrency", "global_concurrency", "rate_limit", "max_waiting")
    table = policies.plain_table("queue", "state", *(each.replace("_", " ") for each in knobs))
    for each in found:
        table.add_row(each.name, _state(each), *(each.policy[knob].value for knob in knobs))
    people().print(table)


@queue.command()
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Show what holds for queue NAME, and who says so."""
    with connect() as client:
        found = client.queue(name)
    _show(found, as_json=as_json)


@queue.command(name="set")
@click.argument("name")
@policies.knob_options(QUEUE_KNOBS)
@json_option
def set_(*, name: str, as_json: bool, **values: str | None) -> None:
    """Say what shall hold for queue NAME, at once and until it is taken back.

    The value `default` takes back what was said: the variable counts again, or the plugin.
    """
    said = policies.said(values, example="--concurrency 8")
    with connect() as client:
        found = client.set_queue(name, said)
    _show(found, as_json=as_json)


@queue.command()
@click.argument("name")
@json_option
def reset(*, name: str, as_json: bool) -> None:
    """Take back all that was set of queue NAME."""
    with connect() as client:
        found = client.reset_queue(name)
    _show(found, as_json=as_json)


@queue.command()
@click.argument("name")
@json_option
def pause(*, name: str, as_json: bool) -> None:
    """Let nothing new start in queue NAME; what runs goes on, and new tasks wait."""
    _switch(name, "pause", as_json=as_json)


@queue.command()
@click.argument("name")
@json_option
def resume(*, name: str, as_json: bool) -> None:
    """Let tasks of queue NAME start, and take new ones."""
    _switch(name, "resume", as_json=as_json)


@queue.command()
@click.argument("name")
@json_option
def drain(*, name: str, as_json: bool) -> None:
    """Take no new tasks in queue NAME, and work off those that are accepted."""
    _switch(name, "drain", as_json=as_json)


@queue.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def purge(*, name: str, yes: bool, as_json: bool) -> None:
    """Cancel what waits in queue NAME; what runs goes on."""
    if not yes:
        click.confirm(f"Cancel all tasks that wait in queue {name!r}?", abort=True, err=True)
    with connect() as client:
        found = client.purge_queue(name)
        cancelled = found.cancelled
        while not found.complete:
            say(f"{cancelled} tasks are cancelled so far")
            found = client.purge_queue(name, before=found.before)
            cancelled += found.cancelled
    if as_json:
        print_json({"cancelled": cancelled, "before": found.before})
    else:
        say(f"{cancelled} tasks are cancelled")


def _switch(name: str, what: str, *, as_json: bool) -> None:
    with connect() as client:
        found = client.switch_queue(name, what)
    _show(found, as_json=as_json)


def _show(found: QueuePolicy, *, as_json: bool) -> None:
    if as_json:
        print_json(found.document)
        return
    layout.show(Text.assemble(("queue ", "dim"), found.name, ": ", _state(found)))
    policies.show_policy(found.policy)


def _state(found: QueuePolicy) -> Text:
    if found.paused:
        return Text("paused", style="yellow")
    return Text("draining", style="yellow") if found.draining else Text("open", style="green")
