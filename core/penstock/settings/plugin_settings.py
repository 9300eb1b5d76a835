"""The settings of plugins: structs that they declare, filled from the same variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec

from penstock.declarations.type_parts import type_parts
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
    type: Any
    doc: str
    secret: bool


def prefix(plugin: str) -> str:
    """What the names of a plugin's own variables start with: ``PENSTOCK_ACME_``."""
    return f"PENSTOCK_{plugin.upper().replace('-', '_')}_"


def knobs(plugin: str, kind: type[msgspec.Struct]) -> Sequence[PluginKnob]:
    """What can be set of ``kind``, a struct that ``plugin`` declares."""
    found = []
    for each in msgspec.structs.fields(kind):
        extra: dict[str, Any] = {}
        schema: dict[str, Any] = {}
        for info in type_parts(msgspec.inspect.type_info(each.type)):
            if isinstance(info, msgspec.inspect.Metadata):
                extra |= info.extra or {}
                schema |= info.extra_json_schema or {}
        found.append(
            PluginKnob(
                variable=extra.get("variable") or f"{prefix(plugin)}{each.name.upper()}",
                field=each.encode_name,
                type=each.type,
                doc=schema.get("description", ""),
                secret=bool(extra.get("secret", False)),
            )
        )
    return found


def read(plugin: str, kind: type[S], variables: Mapping[str, str]) -> S:
    """The struct, filled from ``variables``; what they do not name keeps its default.

    Raises:
        SettingsError: for the first variable whose value the field does not take, or for values
            that the struct does not take together.
    """
    given: dict[str, Any] = {}
    named: list[str] = []
    for knob in knobs(plugin, kind):
        if knob.variable not in variables:
            continue
        value = variables[knob.variable]
        try:
            msgspec.convert(value, knob.type, strict=False)
        except msgspec.ValidationError as error:
            expected = _expectation(str(error), knob.type)
            shown = "a value that is not shown here" if knob.secret else _shown(value)
            raise SettingsError(
                f"expected {knob.variable} (of plugin {plugin!r}) to be {expected}, got {shown}"
            ) from None
        given[knob.field] = value
        named.append(knob.variable)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"the settings of plugin {plugin!r} do not go together ({', '.join(named)}): {error}"
        ) from None


def refuse_unknown(
    plugins: Mapping[str, Sequence[type[msgspec.Struct]] | None], variables: Iterable[str]
) -> None:
    """Refuse variables that start like a plugin's own and are none of them.

    Args:
        plugins: the settings structs of each installed plugin, also of those that have none;
            ``None`` for one that is quarantined, whose variables nobody can judge.
        variables: the names of all variables.

    Raises:
        SettingsError: for the first such variable, with the nearest name.
    """
    own = {
        plugin: [knob.variable for kind in kinds for knob in knobs(plugin, kind)]
        for plugin, kinds in plugins.items()
        if kinds is not None
    }
    known = {knob.variable for knob in KNOBS}.union(*own.values())
    for name in variables:
        # The longest prefix: plugin "ai-acme" stands beside plugin "ai".
        owners = sorted((each for each in plugins if name.startswith(prefix(each))), key=len)
        if name in known or not owners or owners[-1] not in own:
            continue
        owner = owners[-1]
        # Without the prefix, which would make all names look alike.
        short = {each.removeprefix(prefix(owner)): each for each in own[owner]}
        near = get_close_matches(name.removeprefix(prefix(owner)), short, n=1)
        remedy = (
            f"did you mean {short[near[0]]}?"
            if near
            else f"its settings are {', '.join(own[owner])}"
            if own[owner]
            else "remove it: this plugin has no settings"
        )
        raise SettingsError(f"plugin {owner!r} has no setting {name}; {remedy}")


def _expectation(message: str, kind: Any) -> str:
    """What msgspec expected, in words for people; the value itself is never in them."""
    choices: list[str] = []
    for info in type_parts(msgspec.inspect.type_info(kind)):
        if isinstance(info, msgspec.inspect.LiteralType):
            choices += map(str, info.values)
        elif isinstance(info, msgspec.inspect.EnumType):
            choices += [str(each.value) for each in info.cls]
    if choices:
        return f"one of {', '.join(choices)}"
    if not message.startswith("Expected "):
        return "a value of its type"
    text = re.split(r" - at `|, got ", message, maxsplit=1)[0].removeprefix("Expected ")
    return "".join(
        _WORDS.get(word, word) for word in re.split(r"(`[^`]*`| >= | <= | > | < )", text)
    )


def _shown(value: str) -> str:
    return repr(secrecy.redacted(value))
