"""Waiting for a task's outcome."""

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from penstock.cli import following
from penstock.cli.client import ApiClient
from penstock.cli.interruptible import interruptible
from penstock.cli.task_answers import Task


def with_progress(client: ApiClient, task: Task, console: Console) -> Task:
    """Follow a task to its end, behind a progress bar; silently where ``console`` is no terminal.

    Ctrl-C ends the command, and not the task.

    Raises:
        ApiUnreachableError: if nothing answered for half a minute.
        ApiProblemError: if the API refuses.
    """
    with interruptible("task", task.id), bar(console) as progress:
        shown = progress.add_task(task.status, total=100)
        for event in following.events_of(client, task.id):
            if event.kind == "status":
                task = following.task_of(event)
            elif event.kind == "progress":
                done = following.progress_of(event)
                task.progress, task.progress_message = done.progress, done.message
            text = " · ".join(filter(None, (task.type, task.status, task.progress_message)))
            progress.update(shown, completed=task.progress, description=text)
    return task


def bar(console: Console) -> Progress:
    """A progress bar that goes when it is done, and is none where ``console`` is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
