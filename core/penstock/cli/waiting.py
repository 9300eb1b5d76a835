"""Waiting for a task's outcome."""

import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from penstock.cli.client import ApiClient, ApiProblemError, ApiUnreachableError, Task

_SHORTEST = timedelta(milliseconds=50)
_LONGEST = timedelta(milliseconds=500)
_GROWTH = 1.5
# A rolling update or a restart of the API is shorter; whoever waits need not notice it.
_PATIENCE = timedelta(seconds=30)


def until_finished(client: ApiClient, task_id: UUID, seen: Callable[[Task], None]) -> Task:
    """Ask for the task, first every 50 ms and then ever more rarely, until it has an outcome.

    An API that is away for less than half a minute is waited for.

    Args:
        client: the API.
        task_id: the task.
        seen: called with each answer.

    Raises:
        ApiUnreachableError: if nothing answered for half a minute.
        ApiProblemError: if the API refuses.
    """
    pause = _SHORTEST
    answered = time.monotonic()
    while True:
        try:
            task = client.task(task_id)
        except (ApiUnreachableError, ApiProblemError) as error:
            lasting = isinstance(error, ApiProblemError) and (
                error.status < HTTPStatus.INTERNAL_SERVER_ERROR
            )
            if lasting or time.monotonic() - answered > _PATIENCE.total_seconds():
                raise
        else:
            answered = time.monotonic()
            seen(task)
            if task.finished:
                return task
        time.sleep(pause.total_seconds())
        pause = min(pause * _GROWTH, _LONGEST)


def with_progress(client: ApiClient, task: Task, console: Console) -> Task:
    """Wait for the outcome behind a progress bar; silently where ``console`` is no terminal.

    Raises:
        ApiUnreachableError: if nothing answered for half a minute.
        ApiProblemError: if the API refuses.
    """
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task(task.status, total=100)

        def show(seen: Task) -> None:
            text = " · ".join(filter(None, (seen.type, seen.status, seen.progress_message)))
            progress.update(bar, completed=seen.progress, description=text)

        return until_finished(client, task.id, show)
