"""What holds for queues, providers and task types: what commands show and take of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from penstock.cli.messages import people, print_json
from penstock.settings.tuning import TuningKnob

_TAKE_BACK = "default"


class PolicyValue(msgspec.Struct, kw_only=True):
    """What holds, and who says so."""

    value: str
    origin: str
    source: str = ""
    changed_at: str | None = None
    said_of: str = ""

    @property
    def who(self) -> str:
        """Who says so, for people."""
        since = f", {self.changed_at}" if self.changed_at else ""
        return f"{self.origin} ({self.source}{since})" if self.source else self.origin


class ProviderPolicy(msgspec.Struct, kw_only=True):
    """What the API says about a provider. ``document`` is all of it, as received."""

    name: str
    policy: dict[str, PolicyValue]
    document: msgspec.Raw = msgspec.Raw(b"null")


class ExplainedValue(PolicyValue, kw_only=True):
    """One of the values that hold for a task type; ``over`` is what does not count beside it."""

    of: str
    knob: str
    unit: str = ""
    over: Sequence[PolicyValue] = ()


class TaskPolicy(msgspec.Struct, kw_only=True):
    """What the API says about a task type's policy. ``document`` is all of it, as received."""

    name: str
    plugin: str
    queue: str
    provider: str | None = None
    provider_by_input: bool = False
    policy: list[ExplainedValue]
    document: msgspec.Raw = msgspec.Raw(b"null")


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
        table.add_row(knob.replace("_", " "), each.value, each.who)
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
        table.add_row(*map(Text, (each.of, each.knob, each.value, each.unit, by, over)))
    console.print(table)


def _of(value: PolicyValue) -> str:
    said_of = f" of the {value.said_of}" if value.origin in _SAYING else ""
    return f"{value.who}{said_of}"


_SAYING = ("operator", "environment", "file")
