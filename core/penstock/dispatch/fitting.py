"""Which of the operators' overrides can be in force: those that go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from penstock.declarations import DeclarationError
from penstock.ledger import Override

Values: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Kind → name → field → value."""
Read: TypeAlias = tuple[Override, object]
"""An override, and the value that its text means."""


class Fitting(NamedTuple):
    """What is in force of the overrides, and why the others are not."""

    values: Values
    honoured: Sequence[Override]
    refused: Sequence[tuple[Override, DeclarationError]]


def fitting(rows: Sequence[Read], fault_of: Callable[[Values], DeclarationError | None]) -> Fitting:
    """All of ``rows`` if they go together, else as many as do.

    They went together when they were said; a newer version of a plugin may declare otherwise. One
    limit that is lost then is no reason to lose the others.

    Args:
        rows: those of one thing beside each other, and those of a queue before its task types'.
        fault_of: what keeps some values from being in force, if anything does.
    """
    everything: Values = {}
    for row, value in rows:
        everything = _with(everything, row, value)
    if fault_of(everything) is None:
        return Fitting(everything, [row for row, _ in rows], [])
    values: Values = {}
    honoured: list[Override] = []
    refused: list[tuple[Override, DeclarationError]] = []
    for _, of_one in groupby(rows, key=lambda each: (each[0].kind, each[0].name)):
        mine = list(of_one)
        together = values
        for row, value in mine:
            together = _with(together, row, value)
        if fault_of(together) is None:
            values = together
            honoured += [row for row, _ in mine]
            continue
        for row, value in mine:
            more = _with(values, row, value)
            fault = fault_of(more)
            if fault is None:
                values = more
                honoured.append(row)
            else:
                refused.append((row, fault))
    return Fitting(values, honoured, refused)


def replaced(values: Values, kind: str, name: str, fields: Mapping[str, Any]) -> Values:
    """``values``, but ``fields`` are all that is said of one thing."""
    return {**values, kind: {**values.get(kind, {}), name: fields}}


def _with(values: Values, row: Override, value: object) -> Values:
    fields = values.get(row.kind, {}).get(row.name, {})
    return replaced(values, row.kind, row.name, {**fields, row.knob: value})
