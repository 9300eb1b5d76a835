"""``penstock submit``."""

import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from penstock.cli import outcome, waiting
from penstock.cli.client import ApiClient
from penstock.cli.connect import connect
from penstock.cli.messages import people, print_json, progress, say, say_error
from penstock.cli.options import Duration, InputText, Moment, PriorityLabel, json_option
from penstock.cli.task_answers import Task
from penstock.cli.terms import Terms
from penstock.declarations import Priority


@click.command()
@click.argument("type_name", metavar="TYPE")
@click.option("--input", "-i", "input_", type=InputText(), help="The task's input.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="A file to send, for a TYPE that takes files; --input may then be left out.",
)
@click.option("--priority", type=PriorityLabel(), help="How urgent it is.  [default: normal]")
@click.option("--user-id", help="For whom it runs.")
@click.option("--delay", type=Duration(), help="Not before this long has passed: 30s, 5m, 1h30m.")
@click.option("--unique", is_flag=True, help="If the same task is open already, that one.")
@click.option("--idempotency-key", help="With the same key, a repeat is the same task.")
@click.option("--run-at", type=Moment(), help="Not before then: 2026-11-26T09:30:00+01:00.")
@click.option("--ttl", type=Duration(), help="Not if it has not started after this long.")
@click.option("--deadline", type=Moment(), help="Stop it, or do not start it, after then.")
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit 1 unless it succeeds.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Wait, and save the first artifact of the result to this file.",
)
@json_option
def submit(  # noqa: PLR0913  (click hands each option over by its name)
    *,
    type_name: str,
    input_: bytes | None,
    file: Path | None,
    priority: Priority | None,
    user_id: str | None,
    delay: timedelta | None,
    unique: bool,
    idempotency_key: str | None,
    run_at: datetime | None,
    ttl: timedelta | None,
    deadline: datetime | None,
    wait: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Submit a task of TYPE, like ai.document.

    Prints the task as the API accepted it; with --wait or --output, as it ended.
    """
    if output is not None and not output.parent.is_dir():
        # Now, and not after the task has run.
        raise click.BadParameter(
            f"there is no folder {str(output.parent)!r}; make it first", param_hint="--output"
        )
    with connect() as client:
        if file is not None:
            send = partial(client.upload, type_name, file, input_=input_)
        elif input_ is not None:
            send = partial(client.submit, type_name, input_)
        else:
            raise click.UsageError("Missing option '--input' / '-i', or '--file'.")
        terms = Terms(
            priority=priority,
            user_id=user_id,
            delay=delay,
            run_at=run_at,
            ttl=ttl,
            deadline=deadline,
            unique=unique,
            idempotency_key=idempotency_key,
        )
        task = send(terms)
        if not wait and output is None:
            _accepted(task, as_json=as_json)
            return
        task = waiting.with_progress(client, task, progress())
        outcome.show(task, as_json=as_json)
        code = outcome.exit_code(task)
        if code == 0 and output is not None:
            code = _save(client, task, output)
    sys.exit(code)


def _accepted(task: Task, *, as_json: bool) -> None:
    if as_json:
        print_json(task.document)
        return
    people().print(f"accepted {task.id}", soft_wrap=True)
    say(f"follow it with: penstock task show {task.id} --wait")


def _save(client: ApiClient, task: Task, output: Path) -> int:
    artifact = outcome.first_artifact(task.result)
    if artifact is None:
        say_error(f"expected the result of task {task.id} to name an artifact, found none")
        return 1
    try:
        client.download(artifact, output)
    except OSError as error:
        say_error(f"cannot write {output}: {error.strerror}")
        return 1
    say(f"saved {artifact.name} ({artifact.size} bytes, {artifact.content_type}) as {output}")
    return 0
