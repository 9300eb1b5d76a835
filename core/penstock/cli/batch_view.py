"""A batch, shown to people and to programs, waiting for it, and how it went as an exit code."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec
from rich.table import Table
from rich.text import Text

from penstock.cli.batch_answers import Batch
from penstock.cli.client import ApiClient, ApiProblemError, ApiUnreachableError
from penstock.cli.interruptible import interruptible
from penstock.cli.messages import people, print_json, progress, say, say_error
from penstock.cli.patience import Patience
from penstock.cli.waiting import bar

_SHORTEST = timedelta(milliseconds=100)
_LONGEST = timedelta(seconds=1)
_GROWTH = 1.5
_WIDEST = 200
_STYLES = {"finished": "green", "cancelled": "yellow", "sealed": "cyan", "open": "cyan"}


def show(batch: Batch, *, as_json: bool) -> None:
    """Print a batch to standard output."""
    if as_json:
        print_json(batch.document)
        return
    console = people()
    for name, value in _rows(batch):
        console.print(Text.assemble((f"{name:<9} ", "dim"), value), soft_wrap=True)


def show_all(batches: Sequence[Batch]) -> None:
    """Print batches to standard output, one a line."""
    console = people()
    if not console.is_terminal:
        # A file or a pipe has no width.
        console.width = _WIDEST
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "state", "created", "tasks", "done", "failed", "name"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for batch in batches:
        table.add_row(
            str(batch.id),
            _state(batch),
            (batch.created_at or "")[:19],
            str(batch.total),
            f"{batch.progress:.0f} %",
            str(batch.counts.failed),
            Text(batch.name),
        )
    console.print(table)


def wait(client: ApiClient, batch: Batch) -> Batch:
    """Ask for a batch, ever more rarely, until it has finished; behind a bar on a terminal.

    Ctrl-C ends the command, and not the batch.

    Raises:
        ApiUnreachableError: if nothing answered for half a minute.
        ApiProblemError: if the API refuses.
    """
    if batch.sealed_at is None:
        say(f"it takes more tasks until: penstock batch seal {batch.id}")
    patience, pause = Patience(), _SHORTEST
    with interruptible("batch", batch.id), bar(progress()) as shown:
        line = shown.add_task("", total=100)
        while not batch.finished:
            shown.update(line, completed=batch.progress, description=_counts(batch))
            time.sleep(pause.total_seconds())
            pause = min(pause * _GROWTH, _LONGEST)
            try:
                batch = client.batch(batch.id)
            except (ApiUnreachableError, ApiProblemError) as error:
                patience.bear(error)
            else:
                patience.answered()
    return batch


def exit_code(batch: Batch) -> int:
    """0 if all tasks of a finished batch succeeded, else 1 and a message that says what did not."""
    if not batch.counts.failed + batch.counts.cancelled and batch.cancelled_at is None:
        return 0
    say_error(f"batch {batch.id} is {batch.state}: {_counts(batch)}")
    return 1


def _rows(batch: Batch) -> Iterator[tuple[str, str | Text]]:
    yield "batch", str(batch.id)
    if batch.name:
        yield "name", batch.name
    yield "state", _state(batch)
    if batch.user_id is not None:
        yield "user", batch.user_id
    yield "progress", f"{batch.progress:.0f} %"
    yield "tasks", _counts(batch)
    if batch.callback_type is not None:
        task = f", task {batch.callback_task_id}" if batch.callback_task_id else ""
        yield "callback", batch.callback_type + task
    yield "from", batch.created_by
    for name, moment in (
        ("created", batch.created_at),
        ("sealed", batch.sealed_at),
        ("cancelled", batch.cancelled_at),
        ("finished", batch.finished_at),
    ):
        if moment:
            yield name, moment


def _state(batch: Batch) -> Text:
    return Text(batch.state, style=_STYLES.get(batch.state, "red"))


def _counts(batch: Batch) -> str:
    counts = {name: count for name, count in msgspec.structs.asdict(batch.counts).items() if count}
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{batch.total} ({said})" if said else str(batch.total)
