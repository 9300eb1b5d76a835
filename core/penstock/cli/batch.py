"""``penstock batch``."""

import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click
import msgspec

from penstock.cli import batch_adding, batch_file, batch_view, bulk
from penstock.cli.answer import newest
from penstock.cli.batch_answers import Batch
from penstock.cli.batch_file import TaskLine, TaskLines
from penstock.cli.client import ApiProblemError
from penstock.cli.connect import connect
from penstock.cli.interruptible import interruptible
from penstock.cli.messages import people, print_json, say
from penstock.cli.options import InputText, json_option
from penstock.declarations import PenstockError

_PAGE = 100


@click.group()
def batch() -> None:
    """Submit files of tasks as batches, follow them, cancel them, retry what failed."""


@batch.command()
@click.argument("lines", metavar="FILE", type=TaskLines())
@click.option("--name", help="For people.")
@click.option("--user-id", help="For whom the callback runs, and tasks that do not say so.")
@click.option("--callback", metavar="TYPE", help="A task to run once all of them have ended.")
@click.option("--callback-input", type=InputText(), help="Its input.  [default: a summary]")
@click.option("--idempotency-key", help="With the same key and FILE, a repeat is the same batch.")
@click.option("--open", "open_", is_flag=True, help="Do not seal it: more tasks are to be added.")
@click.option("--wait", is_flag=True, help="Wait for its end; exit 1 unless all tasks succeed.")
@json_option
def submit(  # noqa: PLR0913  (click hands each option over by its name)
    *,
    lines: Sequence[TaskLine],
    name: str | None,
    user_id: str | None,
    callback: str | None,
    callback_input: bytes | None,
    idempotency_key: str | None,
    open_: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Submit the tasks in FILE as one batch; - is standard input.

    Each line is a task in JSON, with what `POST /api/queues/tasks` takes: "type", "input", and
    maybe "priority" and others. Up to 1,000 lines (and half a megabyte) are accepted all or not at
    all; longer files are sent in parts, and the batch is sealed behind the last one.
    """
    if callback is None and callback_input is not None:
        raise click.UsageError("--callback-input is for a --callback")
    if open_ and wait:
        raise click.UsageError("--wait is for a batch that is sealed, without --open")
    if not lines and not open_:
        raise click.UsageError("there is no task in the file; with --open some may be added later")
    said: dict[str, Any] = {"name": name, "user_id": user_id}
    if callback is not None:
        given = {} if callback_input is None else {"input": msgspec.Raw(callback_input)}
        said["callback"] = {"type": callback, **given}
    terms = {field: value for field, value in said.items() if value is not None}
    first, *others = batch_file.parts(lines)
    keys = batch_adding.keys(idempotency_key, parts=1 + len(others))
    with connect() as client:
        try:
            sealed = not others and not open_
            found = client.submit_batch(
                [line.text for line in first], {**terms, "sealed": sealed}, key=keys[0]
            )
        except ApiProblemError as error:
            raise PenstockError(batch_file.by_lines(str(error), first)) from error
        with interruptible("batch", found.id):
            if others:
                found = batch_adding.add(
                    *(client, found.id, others),
                    keys=keys[1:],
                    seal=not open_,
                    behind=first[-1].number,
                    total=found.total,
                )
            if wait:
                found = batch_view.wait(client, found)
    if wait:
        batch_view.show(found, as_json=as_json)
        sys.exit(batch_view.exit_code(found))
    _accepted(found, as_json=as_json)


@batch.command()
@click.argument("batch_id", metavar="ID", type=click.UUID)
@click.argument("lines", metavar="FILE", type=TaskLines())
@click.option("--seal", is_flag=True, help="These are the last ones.")
@click.option("--idempotency-key", help="With the same key and FILE, a repeat adds nothing.")
@json_option
def add(
    *,
    batch_id: UUID,
    lines: Sequence[TaskLine],
    seal: bool,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Add the tasks in FILE to the batch of that ID, which is not sealed."""
    parts = list(batch_file.parts(lines))
    keys = batch_adding.keys(idempotency_key, parts=len(parts))
    with connect() as client, interruptible("batch", batch_id):
        found = batch_adding.add(client, batch_id, parts, keys=keys, seal=seal)
    batch_view.show(found, as_json=as_json)


@batch.command()
@click.argument("batch_id", metavar="ID", type=click.UUID)
@json_option
def seal(*, batch_id: UUID, as_json: bool) -> None:
    """Add no more tasks to the batch of that ID, so that it finishes."""
    with connect() as client:
        found = client.seal_batch(batch_id)
    batch_view.show(found, as_json=as_json)


@batch.command()
@click.argument("batch_id", metavar="ID", type=click.UUID)
@click.option("--wait", is_flag=True, help="Wait for its end; exit 1 unless all tasks succeed.")
@json_option
def show(*, batch_id: UUID, wait: bool, as_json: bool) -> None:
    """Show the batch of that ID: `penstock task list --batch ID` shows its tasks."""
    with connect() as client:
        found = client.batch(batch_id)
        if wait:
            found = batch_view.wait(client, found)
    batch_view.show(found, as_json=as_json)
    if wait:
        sys.exit(batch_view.exit_code(found))


@batch.command(name="list")
@click.option("--limit", type=click.IntRange(1), default=50, help="How many at most.")
@json_option
def list_(*, limit: int, as_json: bool) -> None:
    """List batches, newest first."""
    with connect() as client:
        found = newest(
            lambda some, cursor: client.batches(limit=some, cursor=cursor),
            limit=limit,
            page=_PAGE,
        )
    if as_json:
        print_json([each.document for each in found.items])
        return
    batch_view.show_all(found.items)
    if found.next is not None:
        say(f"there are more: --limit {2 * limit} shows more of them")


@batch.command()
@click.argument("batch_id", metavar="ID", type=click.UUID)
@click.option("--reason", help="For people, and for the tasks' handlers.")
@json_option
def cancel(*, batch_id: UUID, reason: str | None, as_json: bool) -> None:
    """Cancel the open tasks of the batch of that ID; its callback does not run."""
    with connect() as client:
        found = client.cancel_batch(batch_id, reason)
    if found.counts.pending:
        say("some of its tasks wait still: repeat it")
    elif not found.finished:
        say("workers have been told to stop what still runs")
    batch_view.show(found, as_json=as_json)


@batch.command()
@click.argument("batch_id", metavar="ID", type=click.UUID)
@json_option
def retry(*, batch_id: UUID, as_json: bool) -> None:
    """Run the failed tasks of the batch of that ID again, with all their attempts.

    Once it has finished, that changes its counts; its callback does not run again.
    """
    with connect() as client:
        client.batch(batch_id)
    failed = {"batch_id": str(batch_id), "status": "failed"}
    bulk.by_filter("retry", "run again", failed, {}, status="failed", yes=True, as_json=as_json)


def _accepted(found: Batch, *, as_json: bool) -> None:
    if as_json:
        print_json(found.document)
        return
    people().print(f"accepted {found.id}", soft_wrap=True)
    say(f"{found.total} tasks; follow them with: penstock batch show {found.id} --wait")
