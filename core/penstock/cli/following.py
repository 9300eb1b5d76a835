"""Following a task by its server-sent events, and showing them as they come."""

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import click
import msgspec

from penstock.cli.client import ApiClient, ApiProblemError, ApiUnreachableError
from penstock.cli.interruptible import interruptible
from penstock.cli.messages import say
from penstock.cli.patience import Patience
from penstock.cli.task_answers import SentEvent, Task

_PAUSE = timedelta(seconds=0.5)
_LEVELS = {"warning": "yellow", "error": "red", "critical": "red"}


def events_of(client: ApiClient, task_id: UUID) -> Iterator[SentEvent]:
    """What happens to a task, until it has ended; the last is the status that it ended with.

    A connection that is lost is made anew, and nothing is missed or told twice by that.

    Raises:
        ApiUnreachableError: if nothing answered for half a minute.
        ApiProblemError: if the API refuses.
    """
    last_id: str | None = None
    patience = Patience()
    while True:
        try:
            for event in client.events(task_id, last_id):
                patience.answered()
                last_id = event.id or last_id
                yield event
                if event.kind == "status" and task_of(event).finished:
                    return
        except (ApiUnreachableError, ApiProblemError) as error:
            patience.bear(error)
        time.sleep(_PAUSE.total_seconds())


def task_of(event: SentEvent) -> Task:
    """The task that a ``status`` shows."""
    return Task.read(event.data)


class Progress(msgspec.Struct):
    """How far a run says that it is."""

    progress: float
    message: str = ""


def progress_of(event: SentEvent) -> Progress:
    """What a ``progress`` says."""
    return msgspec.json.decode(event.data, type=Progress)


def show(client: ApiClient, task_id: UUID, *, as_json: bool) -> Task:
    """Print what happens to a task, and return it as it ended.

    Text goes to standard output as it comes, everything else to standard error; with ``as_json``,
    each event is one line of JSON on standard output.
    """
    task: Task | None = None
    in_text = False
    for event in events_of(client, task_id):
        if event.kind == "status":
            task = task_of(event)
        if as_json:
            # Line breaks of whoever wrote a task's input would make several lines of it.
            data = msgspec.Raw(msgspec.json.format(event.data, indent=-1))
            line = {"event": event.kind, "id": event.id, "data": data}
            click.echo(msgspec.json.encode(line))
            continue
        if event.kind == "delta":
            click.echo(msgspec.json.decode(event.data)["text"], nl=False)
            in_text = True
            continue
        if in_text:
            click.echo()
            in_text = False
        say(_line(event, task))
    if task is None:
        raise AssertionError  # pragma: no cover  (the last event is a status)
    return task


def log_line(line: Mapping[str, Any]) -> str:
    """A line of a task's log, for people."""
    level = click.style(f"{line['level']:<8}", fg=_LEVELS.get(line["level"]))
    fields = "".join(
        f" {name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in line["fields"].items()
    )
    return f"{line['at'][:19].replace('T', ' ')} {level} {line['message']}{fields}"


def follow_log(client: ApiClient, task_id: UUID, *, follow: bool, as_json: bool) -> None:
    """Print a task's log, and with ``follow`` what is logged until it has ended."""
    seen, cursor = "", None
    while True:
        page = client.log(task_id, cursor=cursor)
        for line in page.lines:
            _print_line(line, as_json=as_json)
            seen = line["id"]
        cursor = page.next
        # While the task is open, there is always another page.
        if cursor is None or not page.lines:
            break
    if not follow:
        return
    with interruptible("task", task_id):
        for event in events_of(client, task_id):
            if event.kind == "gap":
                say("(some lines are missing here; `penstock task log` shows them)")
            elif event.kind == "log":
                line = msgspec.json.decode(event.data)
                # Ids sort by time; earlier ones stood in the pages.
                if line["id"] > seen:
                    _print_line(line, as_json=as_json)


def _print_line(line: Mapping[str, Any], *, as_json: bool) -> None:
    click.echo(msgspec.json.encode(line) if as_json else log_line(line))
    sys.stdout.flush()


def _line(event: SentEvent, task: Task | None) -> str:
    data = msgspec.json.decode(event.data)
    match event.kind:
        case "status" if task is not None:
            return f"{task.type} {task.id} is {task.status}"
        case "progress":
            done = progress_of(event)
            return f"{done.progress:.0f} % {done.message}".rstrip()
        case "log":
            return log_line(data)
        case "gap":
            return "(some events are missing here)"
    return f"{event.kind} {event.data.decode()}"
