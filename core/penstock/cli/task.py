"""``penstock task``."""

import sys
from collections.abc import Mapping, Sequence
from uuid import UUID

import click

from penstock.cli import bulk, following, outcome, waiting
from penstock.cli.answer import newest
from penstock.cli.connect import connect
from penstock.cli.interruptible import interruptible
from penstock.cli.messages import print_json, progress, say
from penstock.cli.options import json_option
from penstock.cli.task_filters import filter_options, given

_PAGE = 500


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
    with connect() as client, interruptible("task", task_id):
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


@task.command(name="list")
@filter_options
@click.option("--limit", type=click.IntRange(1), default=50, help="How many at most.")
@json_option
def list_(*, limit: int, as_json: bool, **filters: str | None) -> None:
    """List tasks, newest first."""
    with connect() as client:
        found = newest(
            lambda some, cursor: client.tasks(given(filters), limit=some, cursor=cursor),
            limit=limit,
            page=_PAGE,
        )
    if as_json:
        print_json([each.document for each in found.items])
        return
    outcome.show_all(found.items)
    if found.next is not None:
        say(f"there are more: --limit {2 * limit} shows more of them")


@task.command()
@click.argument("ids", metavar="[ID]...", type=click.UUID, nargs=-1)
@filter_options
@click.option("--reason", help="For people, and for the tasks' handlers.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def cancel(
    *, ids: Sequence[UUID], reason: str | None, yes: bool, as_json: bool, **filters: str | None
) -> None:
    """Cancel the tasks of these IDs, or all that the options find.

    Those that run are stopped by their workers.
    """
    wanted = _one_way(ids, filters)
    if len(ids) == 1:
        with connect() as client:
            found = client.cancel(ids[0], reason)
        if not found.finished:
            say("its worker has been told to stop it")
        outcome.show(found, as_json=as_json)
        return
    more = {} if reason is None else {"reason": reason}
    if ids:
        sys.exit(not bulk.by_ids("cancel", "cancelled", ids, more, as_json=as_json))
    bulk.by_filter(
        "cancel", "cancelled", wanted, more, status="pending,running", yes=yes, as_json=as_json
    )


@task.command()
@click.argument("ids", metavar="[ID]...", type=click.UUID, nargs=-1)
@filter_options
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit 1 unless it succeeds.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def retry(
    *, ids: Sequence[UUID], wait: bool, yes: bool, as_json: bool, **filters: str | None
) -> None:
    """Run the failed or cancelled tasks of these IDs again, or all that the options find.

    They have all their attempts again.
    """
    wanted = _one_way(ids, filters)
    if len(ids) != 1 and wait:
        raise click.UsageError("--wait is for one task")
    if len(ids) == 1:
        with connect() as client:
            found = client.retry(ids[0])
            if wait:
                found = waiting.with_progress(client, found, progress())
        outcome.show(found, as_json=as_json)
        if wait:
            sys.exit(outcome.exit_code(found))
        return
    if ids:
        sys.exit(not bulk.by_ids("retry", "run again", ids, {}, as_json=as_json))
    bulk.by_filter(
        "retry", "run again", wanted, {}, status="failed,cancelled", yes=yes, as_json=as_json
    )


def _one_way(ids: Sequence[UUID], filters: Mapping[str, str | None]) -> dict[str, str]:
    """The filters, if there are no ids, and the other way round."""
    wanted = given(filters)
    if bool(ids) == bool(wanted):
        raise click.UsageError(
            "name tasks by their ids, or say which ones are meant, like --queue ai --status failed"
        )
    return wanted
