"""The settings of plugins: structs that they declare, filled from the same variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec

from penstock.settings import secrecy
from penstock.settings.errors import SettingsError
from penstock.settings.knobs import KNOBS

_WORDS = {
    "`int`": "a whole number",
    "`int | null`": "a whole number",
    "`float`": "a number",
    "`float | null`": "a number",
    "`str`": "a text",
    "`str | null`": "a text",
    "`bool`": "true or false",
    " >= ": " of at least ",
    " <= ": " of at most ",
    " > ": " above ",
    " < ": " below ",
}
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class PluginKnob:
    """One setting of a plugin, read off its struct."""

    variable: str
    field: str
    doc: str
    secret: bool


def prefix(plugin: str) -> str:
    """What the names of a plugin's own variables start with: ``PENSTOCK_ACME_``."""
    return f"PENSTOCK_{plugin.upper().replace('-', '_')}_"


def knobs(plugin: str, kind: type[msgspec.Struct]) -> Sequence[PluginKnob]:
    """What can be set of ``kind``, a struct that ``plugin`` declares."""
    found = []
    for each in msgspec.structs.fields(kind):
        info = msgspec.inspect.type_info(each.type)
        meta = info if isinstance(info, msgspec.inspect.Metadata) else None
        extra = (meta and meta.extra) or {}
        schema = (meta and meta.extra_json_schema) or {}
        found.append(
            PluginKnob(
                variable=extra.get("variable") or f"{prefix(plugin)}{each.name.upper()}",
                field=each.name,
                doc=schema.get("description", ""),
                secret=bool(extra.get("secret", False)),
            )
        )
    return found


def read(plugin: str, kind: type[S], variables: Mapping[str, str]) -> S:
    """The struct, filled from ``variables``; what they do not name keeps its default.

    Raises:
        SettingsError: for the first variable whose value the field does not take.
    """
    given: dict[str, str] = {}
    for knob in knobs(plugin, kind):
        if knob.variable not in variables:
            continue
        value = variables[knob.variable]
        try:
            msgspec.convert({knob.field: value}, kind, strict=False)
        except msgspec.ValidationError as error:
            expected = _expectation(str(error))
            shown = "a value that is not shown here" if knob.secret else _shown(value)
            raise SettingsError(
                f"expected {knob.variable} (of plugin {plugin!r}) to be {expected}, got {shown}"
            ) from None
        given[knob.field] = value
    return msgspec.convert(given, kind, strict=False)


def refuse_unknown(
    plugins: Mapping[str, Sequence[type[msgspec.Struct]]], variables: Iterable[str]
) -> None:
    """Refuse variables that start like a plugin's own and are none of them.

    Args:
        plugins: the settings structs of each loaded plugin, also of those that have none.
        variables: the names of all variables.

    Raises:
        SettingsError: for the first such variable, with the nearest name.
    """
    known = [knob.variable for knob in KNOBS]
    for plugin, kinds in plugins.items():
        known += [knob.variable for kind in kinds for knob in knobs(plugin, kind)]
    for name in variables:
        owner = next((each for each in plugins if name.startswith(prefix(each))), None)
        if owner is None or name in known:
            continue
        own = [knob.variable for kind in plugins[owner] for knob in knobs(owner, kind)]
        # Without the prefix, which would make all names look alike.
        start = prefix(owner)
        short = {each.removeprefix(start): each for each in own}
        near = get_close_matches(name.removeprefix(start), short, n=1)
        remedy = (
            f"did you mean {short[near[0]]}?"
            if near
            else f"its settings are {', '.join(own)}"
            if own
            else "remove it: this plugin has no settings"
        )
        raise SettingsError(f"plugin {owner!r} has no setting {name}; {remedy}")


def _expectation(message: str) -> str:
    """What msgspec expected, in words for people."""
    text = re.split(r" - at `|, got ", message, maxsplit=1)[0].removeprefix("Expected ")
    return "".join(
        _WORDS.get(word, word) for word in re.split(r"(`[^`]*`| >= | <= | > | < )", text)
    )


def _shown(value: str) -> Any:
    return repr(secrecy.redacted(value))
