"""What an operator says of one of several things that plugins declare, by a variable of its own.

``PENSTOCK_QUEUE_AI_CONCURRENCY=8``: of queues, field ``concurrency`` of the one called ``ai``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from penstock.settings import limits
from penstock.settings.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class TuningKnob:
    """One thing that can be said of each.

    Attributes:
        suffix: the end of the variable's name.
        field: what it replaces: a field of the declaration, or what its owner makes of the word.
        kind: the type, in a word or two for people.
        read: from the text to the value; its ``ValueError`` says what is expected.
        doc: one line for people.
    """

    suffix: str
    field: str
    kind: str
    read: Callable[[str], object]
    doc: str

    def write(self, value: object) -> str:
        """The text that :attr:`read` makes ``value`` of."""
        return limits.text(value)


def prefix(kind: str) -> str:
    """What the variables of all things of that kind start with: ``PENSTOCK_QUEUE_``."""
    return f"PENSTOCK_{kind.upper()}_"


def read(
    kind: str,
    names: Collection[str],
    knobs: Sequence[TuningKnob],
    variables: Mapping[str, str],
    *,
    complete: bool = True,
) -> dict[str, dict[str, object]]:
    """What ``variables`` say: name → field → value; nothing of what they leave out.

    Args:
        kind: what is tuned: ``queue``, ``provider``.
        names: of those that are declared.
        knobs: what can be said of each.
        variables: all that is set.
        complete: whether there are no others: one of a plugin that is quarantined is no reason to
            stop everything else.

    Raises:
        SettingsError: for the first variable that names nothing declared or no such field, or
            whose value cannot be honoured.
    """
    first = prefix(kind)
    known: dict[str, list[tuple[str, TuningKnob]]] = {}
    for each in names:
        for knob in knobs:
            known.setdefault(variable_of(kind, each, knob), []).append((each, knob))
    found: dict[str, dict[str, object]] = {}
    for variable, value in variables.items():
        if not variable.startswith(first):
            continue
        if variable not in known:
            if not complete and not any(variable.startswith(_prefix(kind, each)) for each in names):
                continue
            short = {each.removeprefix(first): each for each in known}
            near = get_close_matches(variable.removeprefix(first), short, n=1)
            remedy = (
                f"did you mean {short[near[0]]}?"
                if near
                else f"the {kind}s are {', '.join(sorted(names)) or 'none'}, and what can be said "
                f"of each is {', '.join(knob.suffix for knob in knobs)}"
            )
            raise SettingsError(f"there is no setting {variable}; {remedy}")
        (name, knob), *others = known[variable]
        if others:
            which = " and ".join(sorted(repr(each) for each, _ in known[variable]))
            raise SettingsError(f"{variable} may mean {kind} {which}; rename one of them")
        try:
            found.setdefault(name, {})[knob.field] = knob.read(value)
        except ValueError as error:
            raise SettingsError(f"expected {variable} to be {error}, got {value!r}") from None
    return found


def variable_of(kind: str, name: str, knob: TuningKnob) -> str:
    """The variable that says it of the thing called ``name``."""
    return f"{_prefix(kind, name)}{knob.suffix}"


def _prefix(kind: str, name: str) -> str:
    return f"{prefix(kind)}{name.upper().replace('-', '_')}_"
