"""What commands take and show of what holds for queues, providers and task types."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from penstock.cli import layout
from penstock.cli.layout import Row
from penstock.cli.messages import print_json
from penstock.cli.policy_answers import ExplainedValue, PolicyValue, ProviderPolicy, TaskPolicy
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


def show_policy(policy: Mapping[str, PolicyValue]) -> None:
    """Print what holds, by knob."""
    layout.show_rows(
        [Row(knob.replace("_", " "), each.value, each.who) for knob, each in policy.items()]
    )


def plain_table(*columns: str) -> Table:
    """A table without lines, whose first column has names, which are not broken."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table


def show_provider(found: ProviderPolicy, *, as_json: bool) -> None:
    """Print what holds for a provider."""
    if as_json:
        print_json(found.document)
        return
    layout.show(Text.assemble(("provider ", "dim"), found.name))
    show_policy(found.policy)


def show_task_type(found: TaskPolicy, *, as_json: bool) -> None:
    """Print what holds for a task type, and over what."""
    if as_json:
        print_json(found.document)
        return
    provider = "as its input says" if found.provider_by_input else found.provider or "none"
    layout.show(
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
    for of, values in groupby(found.policy, key=lambda each: each.of):
        layout.show(Text(of, style="bold"))
        layout.show_rows([_row(each) for each in values], indent=2)


def _row(value: ExplainedValue) -> Row:
    by = value.who if value.said_of in ("", value.of, "installation") else _of(value)
    over = "; ".join(f"{other.value}: {_of(other)}" for other in value.over)
    # "30s time" would say it twice, and "none tasks" is nobody's English.
    unit = "" if value.unit == "time" or value.value == "none" else value.unit
    return Row(value.knob.replace("_", " "), f"{value.value} {unit}".rstrip(), by, over)


def _of(value: PolicyValue) -> str:
    if value.origin not in _BY_OPERATORS:
        return value.who
    return f"{value.who}, of the {_WORDS.get(value.said_of, value.said_of)}"
