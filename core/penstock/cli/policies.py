"""What commands take and show of what holds for queues, providers and task types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from penstock.cli.messages import people, print_json
from penstock.cli.policy_answers import PolicyValue, ProviderPolicy, TaskPolicy
from penstock.settings.tuning import TuningKnob

_TAKE_BACK = "default"
# Who says something of a task type or of its queue: the others are what they are named after.
_BY_OPERATORS = ("operator", "environment", "file")
_WORDS = {"task": "task type"}


def knob_options(
    knobs: Sequence[TuningKnob],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for each knob; its value is read by the API, as that of the variable is."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for knob in reversed(knobs):
            option = f"--{knob.field.replace('_', '-')}"
            function = click.option(option, knob.field, metavar=knob.kind.upper(), help=knob.doc)(
                function
            )
        return function

    return add


def said(values: Mapping[str, str | None], *, example: str) -> dict[str, str | None]:
    """What the options say, by knob; ``None`` takes it back.

    Raises:
        click.UsageError: nothing, although there is something like ``example``.
    """
    given = {knob: value for knob, value in values.items() if value is not None}
    if not given:
        raise click.UsageError(f"there is nothing to set: give an option, like {example}")
    return {knob: None if value == _TAKE_BACK else value for knob, value in given.items()}


def table_of(policy: Mapping[str, PolicyValue]) -> Table:
    """What holds, by knob."""
    table = plain_table("knob", "value", "from")
    for knob, each in policy.items():
        table.add_row(*map(Text, (knob.replace("_", " "), each.value, each.who)))
    return table


def plain_table(*columns: str) -> Table:
    """A table without lines."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_provider(found: ProviderPolicy, *, as_json: bool) -> None:
    """Print what holds for a provider."""
    if as_json:
        print_json(found.document)
        return
    console = people()
    console.print(Text.assemble(("provider ", "dim"), found.name))
    console.print(table_of(found.policy))


def show_task_type(found: TaskPolicy, *, as_json: bool) -> None:
    """Print what holds for a task type, and over what."""
    if as_json:
        print_json(found.document)
        return
    console = people()
    provider = "as its input says" if found.provider_by_input else found.provider or "none"
    console.print(
        Text.assemble(
            ("task type ", "dim"),
            found.name,
            (" of plugin ", "dim"),
            found.plugin,
            (", queue ", "dim"),
            found.queue,
            (", provider ", "dim"),
            provider,
        )
    )
    table = plain_table("of", "knob", "value", "unit", "from", "over")
    for each in found.policy:
        by = each.who if each.said_of in ("", each.of, "installation") else _of(each)
        over = "; ".join(f"{other.value}: {_of(other)}" for other in each.over)
        knob = each.knob.replace("_", " ")
        table.add_row(*map(Text, (each.of, knob, each.value, each.unit, by, over)))
    console.print(table)


def _of(value: PolicyValue) -> str:
    if value.origin not in _BY_OPERATORS:
        return value.who
    return f"{value.who}, of the {_WORDS.get(value.said_of, value.said_of)}"
