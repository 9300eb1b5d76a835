"""What an operator says of one of several things that plugins declare.

By a variable of its own, ``PENSTOCK_QUEUE_AI_CONCURRENCY=8``, or in ``penstock.toml``: of queues,
field ``concurrency`` of the one called ``ai``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from penstock.near_names import nearest
from penstock.settings import limits
from penstock.settings.errors import SettingsError
from penstock.settings.given import FILE_SUFFIX, Given, Said
from penstock.settings.knobs import KNOBS

_OWN = {knob.variable for knob in KNOBS}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TuningKnob:
    """One thing that can be said of each.

    Attributes:
        field: what it replaces: a field of the declaration, or what its owner makes of the word.
        kind: the type, in a word or two for people.
        unit: what the value counts, for people.
        read: from the text to the value; its ``ValueError`` says what is expected.
        doc: one line for people.
    """

    field: str
    kind: str
    unit: str
    read: Callable[[str], object]
    doc: str

    @property
    def suffix(self) -> str:
        """The end of its variable's name."""
        return self.field.upper()

    def write(self, value: object) -> str:
        """The text that :attr:`read` makes ``value`` of."""
        return limits.text(value)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that a variable or a file says. ``source`` is where, for people."""

    value: object
    origin: Literal["environment", "file"]
    source: str


Tuning = Mapping[str, Mapping[str, Setting]]
"""What is said: name → field → setting."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """One kind of things, and what can be said of each.

    Attributes:
        kind: what stands in the variables: ``queue``.
        word: the same for people: ``queue``.
        table: where it stands in ``penstock.toml``: ``queues``.
        knobs: what can be said of each.
    """

    kind: str
    word: str
    table: str
    knobs: Sequence[TuningKnob]

    @property
    def prefix(self) -> str:
        """What the variables of all of them start with: ``PENSTOCK_QUEUE_``."""
        return f"PENSTOCK_{self.kind.upper()}_"

    def variable(self, name: str, knob: TuningKnob) -> str:
        """The variable that says it of the one called ``name``."""
        return f"{self._prefix_of(name)}{knob.suffix}"

    def read(
        self, names: Collection[str], given: Given, *, absent: Sequence[str] = ()
    ) -> tuple[Tuning, Sequence[SettingsError]]:
        """What is said and can be honoured, and all that cannot.

        Args:
            names: of those that are declared.
            given: all that is said of anything.
            absent: the plugins that are not loaded, for people. What names nothing that is declared
                may be meant for one of theirs: it is logged, and is no reason to stop everything
                else.
        """
        faults = [
            *self._unknown_variables(names, given, absent=absent),
            *self._unknown_keys(names, given, absent=absent),
        ]
        found: dict[str, dict[str, Setting]] = {}
        for name in names:
            for knob in self.knobs:
                key = (self.table, name, knob.field)
                try:
                    said = given.find(self.variable(name, knob), key)
                    if said is not None:
                        found.setdefault(name, {})[knob.field] = _setting(knob, said)
                except SettingsError as error:
                    faults.append(error)
        return found, faults

    def _unknown_variables(
        self, names: Collection[str], given: Given, *, absent: Sequence[str]
    ) -> Iterator[SettingsError]:
        known: dict[str, list[str]] = {}
        for each in names:
            for knob in self.knobs:
                known.setdefault(self.variable(each, knob), []).append(each)
        for said in given.names():
            variable = said if said in known else said.removesuffix(FILE_SUFFIX)
            if not said.startswith(self.prefix) or variable in _OWN:
                continue
            if variable not in known:
                mine = any(variable.startswith(self._prefix_of(each)) for each in names)
                if mine or not absent:
                    remedy = self._remedy(said, names, known)
                    yield SettingsError(f"there is no setting {said}; {remedy}")
                else:
                    near = nearest(said, known, prefix=self.prefix)
                    self._log_unjudged(said, absent, near=near)
            elif len(known[variable]) > 1:
                which = " and ".join(map(repr, sorted(known[variable])))
                yield SettingsError(
                    f"{variable} may mean {self.word} {which}; say it in penstock.toml, where "
                    "names are written out"
                )

    def _remedy(self, variable: str, names: Collection[str], known: Collection[str]) -> str:
        near = nearest(variable, known, prefix=self.prefix)
        return f"did you mean {near}?" if near else self._choices(names)

    def _log_unjudged(self, place: str, absent: Sequence[str], *, near: str | None) -> None:
        """Say that nobody can tell whether it is misspelt, once for each place."""
        _log.warning(
            "%s has no effect: no loaded plugin declares such a %s, though one that is not loaded "
            "may: %s%s",
            place,
            self.word,
            ", ".join(absent),
            f"; did you mean {near}?" if near else "",
        )

    def _unknown_keys(
        self, names: Collection[str], given: Given, *, absent: Sequence[str]
    ) -> Iterator[SettingsError]:
        unjudged = set()
        fields = [knob.field for knob in self.knobs]
        for (table, *rest), said in given.table.items():
            if table != self.table:
                continue
            name, field = rest
            if name not in names:
                near = nearest(name, names)
                if absent:
                    if name not in unjudged:
                        unjudged.add(name)
                        self._log_unjudged(said.place, absent, near=near and repr(near))
                    continue
            elif field not in fields:
                near = nearest(field, fields)
            else:
                continue
            what = f"{self.word} {name!r}" if name not in names else f"setting {field!r}"
            remedy = f"did you mean {near!r}?" if near else self._choices(names)
            yield SettingsError(f"there is no {what}, which {said.place} names; {remedy}")

    def _choices(self, names: Collection[str]) -> str:
        return (
            f"the {self.word}s are {', '.join(sorted(names)) or 'none'}, and what can be said of "
            f"each is {', '.join(knob.suffix for knob in self.knobs)}"
        )

    def _prefix_of(self, name: str) -> str:
        return f"{self.prefix}{name.upper().replace('-', '_').replace('.', '_')}_"


def _setting(knob: TuningKnob, said: Said) -> Setting:
    try:
        value = knob.read(said.value)
    except ValueError as error:
        got = said.shown(is_plain=True)
        raise SettingsError(f"expected {said.place} to be {error}, got {got}") from None
    return Setting(value=value, origin=said.origin, source=said.place)
