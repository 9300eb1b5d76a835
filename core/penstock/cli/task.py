"""``penstock task``."""

import sys
from uuid import UUID

import click

from penstock.cli import outcome, waiting
from penstock.cli.connect import connect
from penstock.cli.messages import progress, say
from penstock.cli.options import json_option


@click.group()
def task() -> None:
    """Look at tasks, cancel them, run them again."""


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
