"""``penstock task``."""

import sys
from uuid import UUID

import click

from penstock.cli import outcome, waiting
from penstock.cli.connect import connect
from penstock.cli.messages import progress
from penstock.cli.options import json_option


@click.group()
def task() -> None:
    """Look at tasks."""


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
