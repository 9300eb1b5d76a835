"""``penstock task``."""

import sys
from uuid import UUID

import click

from penstock.cli import following, outcome, waiting
from penstock.cli.connect import connect
from penstock.cli.messages import progress, say
from penstock.cli.options import json_option


@click.group()
def task() -> None:
    """Look at tasks, follow them, cancel them, run them again."""


@task.command()
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit 1 unless it succeeds.")
@json_option
def show(*, task_id: UUID, wait: bool, as_json: bool) -> None:
    """Show the task of that ID."""
    with connect() as client:
        found = client.task(task_id)
        if wait and not found.finished:
            found = waiting.with_progress(client, found, progress())
    outcome.show(found, as_json=as_json)
    if wait:
        sys.exit(outcome.exit_code(found))


@task.command()
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
def watch(*, task_id: UUID, as_json: bool) -> None:
    """Follow the task of that ID as it runs; exit 1 unless it succeeds.

    The text that it writes goes to standard output, everything else to standard error.
    """
    with connect() as client:
        found = following.show(client, task_id, as_json=as_json)
    sys.exit(outcome.exit_code(found))


@task.command()
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--follow", "-f", is_flag=True, help="Go on until the task has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as a line of JSON.")
def log(*, task_id: UUID, follow: bool, as_json: bool) -> None:
    """Show what the handler of the task of that ID has logged."""
    with connect() as client:
        following.follow_log(client, task_id, follow=follow, as_json=as_json)


@task.command()
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--reason", help="For people, and for the task's handler.")
@json_option
def cancel(*, task_id: UUID, reason: str | None, as_json: bool) -> None:
    """Cancel the task of that ID; one that runs is stopped by its worker."""
    with connect() as client:
        found = client.cancel(task_id, reason)
    if not found.finished:
        say("its worker has been told to stop it")
    outcome.show(found, as_json=as_json)


@task.command()
@click.argument("task_id", metavar="ID", type=click.UUID)
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit 1 unless it succeeds.")
@json_option
def retry(*, task_id: UUID, wait: bool, as_json: bool) -> None:
    """Run the failed or cancelled task of that ID again, with all its attempts."""
    with connect() as client:
        found = client.retry(task_id)
        if wait:
            found = waiting.with_progress(client, found, progress())
    outcome.show(found, as_json=as_json)
    if wait:
        sys.exit(outcome.exit_code(found))
