"""A task, shown to people and to programs, and the exit code that says how it went."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from penstock.cli.messages import people, print_json, say_error
from penstock.cli.task_answers import Task
from penstock.declarations import Artifact

_WIDEST = 200
_STYLES = {"success": "green", "failed": "red", "cancelled": "yellow", "running": "cyan"}


def show(task: Task, *, as_json: bool) -> None:
    """Print a task to standard output."""
    if as_json:
        print_json(task.document)
        return
    # No table: its columns would break long values, and people copy ids and paths.
    console = people()
    for name, value in _rows(task):
        console.print(Text.assemble((f"{name:<9} ", "dim"), value), soft_wrap=True)


def show_all(tasks: Sequence[Task]) -> None:
    """Print tasks to standard output, one a line."""
    console = people()
    if not console.is_terminal:
        # A file or a pipe has no width.
        console.width = _WIDEST
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "status", "created", "type", "user", "error"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for task in tasks:
        error = f"{task.error.code}: {task.error.message}" if task.error else ""
        table.add_row(
            str(task.id),
            Text(task.status, style=_STYLES.get(task.status, "")),
            (task.created_at or "")[:19],
            Text(task.type),
            Text(task.user_id or ""),
            Text(" ".join(error.split())),
        )
    console.print(table)


def exit_code(task: Task) -> int:
    """0 if the task succeeded, else 1 and a message that says why."""
    if task.status == "success":
        return 0
    attempts = f"{task.attempts} of {task.max_attempts} attempts"
    reason = f": {task.error.code}: {task.error.message}" if task.error else ""
    say_error(f"task {task.id} ({task.type}) ended as {task.status} after {attempts}{reason}")
    return 1


def first_artifact(result: Any) -> Artifact | None:
    """The first artifact that a result names, however deep it lies."""
    if isinstance(result, dict):
        try:
            return msgspec.convert(result, type=Artifact, strict=False)
        except msgspec.ValidationError:
            children = list(result.values())
    elif isinstance(result, list):
        children = result
    else:
        return None
    return next(filter(None, map(first_artifact, children)), None)


def _rows(task: Task) -> Iterator[tuple[str, str | Text]]:
    yield "task", str(task.id)
    yield "type", f"{task.type} (queue {task.queue}, priority {task.priority})"
    yield "status", Text(task.status, style=_STYLES.get(task.status, ""))
    if task.user_id is not None:
        yield "user", task.user_id
    if task.provider is not None:
        yield "provider", task.provider
    if task.progress or task.progress_message:
        yield "progress", f"{task.progress:.0f} % {task.progress_message}".rstrip()
    yield "attempts", f"{task.attempts} of {task.max_attempts}"
    for name, moment in (
        ("created", task.created_at),
        ("runs at", task.run_at),
        ("started", task.started_at),
        ("finished", task.finished_at),
    ):
        if moment:
            yield name, moment
    if task.error:
        yield "error", f"{task.error.code}: {task.error.message} ({task.error.type})"
    if task.result is not None:
        encoded = msgspec.json.format(msgspec.json.encode(task.result), indent=2)
        yield "result", encoded.decode()
