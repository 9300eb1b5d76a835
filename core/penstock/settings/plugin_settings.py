"""The settings of plugins: structs that they declare, filled from variables and files.

Values that the plugin marks as secret become texts whose ``repr`` hides them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from penstock.declarations import setting_names
from penstock.declarations.secret import hide_secrets
from penstock.declarations.type_parts import type_parts
from penstock.near_names import nearest
from penstock.secrecy import Mask
from penstock.settings import limits, readers, toml_file, toml_lines
from penstock.settings.errors import SettingsError
from penstock.settings.given import FILE_SUFFIX, Given, Said
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
# What a field is made of that takes true and false alone.
_BOOLEAN = {
    msgspec.inspect.BoolType,
    msgspec.inspect.Metadata,
    msgspec.inspect.NoneType,
    msgspec.inspect.UnionType,
}
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class PluginKnob:
    """One setting of a plugin, read off its struct.

    ``field`` is the name that the struct decodes, ``key`` its place in ``penstock.toml``.
    """

    variable: str
    field: str
    key: tuple[str, str, str]
    type: Any
    default: Any
    doc: str
    secret: bool


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
                variable=setting_names.variable(plugin, each),
                field=each.encode_name,
                key=(toml_file.PLUGINS, plugin, each.name),
                type=each.type,
                default=each.default,
                doc=schema.get("description", ""),
                secret=bool(extra.get("secret", False)),
            )
        )
    return found


def read(plugin: str, kind: type[S], given: Given, *, distribution: str = "") -> S:
    """The struct, filled from what is said; what nobody says keeps its default.

    Args:
        plugin: its name.
        kind: the struct that it declares.
        given: all that is said of anything.
        distribution: the plugin's, and its version, for people.

    Raises:
        SettingsError: for the first value that its field does not take, or for values that the
            struct does not take together.
    """
    return _Reading(plugin, kind, given, distribution).settings()


def faults(
    plugin: str, kind: type[msgspec.Struct], given: Given, *, distribution: str = ""
) -> Sequence[SettingsError]:
    """Everything for which :func:`read` would raise, not only the first."""
    reading = _Reading(plugin, kind, given, distribution)
    try:
        reading.settings()
    except SettingsError as error:
        return reading.faults or [error]
    return ()


class _Reading(Generic[S]):
    """What is said of one struct, and what is wrong with single values of it."""

    def __init__(self, plugin: str, kind: type[S], given: Given, distribution: str) -> None:
        self._owner = f"plugin {plugin!r}" + (f", {distribution}" if distribution else "")
        self._kind = kind
        self._knobs = knobs(plugin, kind)
        self._values: dict[str, Any] = {}
        self._places: list[str] = []
        self.faults: list[SettingsError] = []
        variables = {knob.variable for knob in self._knobs}
        for knob in self._knobs:
            try:
                said = given.find(knob.variable, knob.key, others=variables)
                if said is not None:
                    self._take(knob, said)
            except SettingsError as error:
                self.faults.append(error)

    def _take(self, knob: PluginKnob, said: Said) -> None:
        try:
            _require_fit(said.value, knob.type)
        except ValueError as error:
            raise SettingsError(
                f"expected {said.place} (of {self._owner}) to be {error}, got "
                f"{said.shown(secret=knob.secret)}; {_remedy(knob)}"
            ) from None
        self._values[knob.field] = said.value
        self._places.append(said.place)

    def settings(self) -> S:
        """The struct.

        Raises:
            SettingsError: see :func:`read`.
        """
        if self.faults:
            raise self.faults[0]
        values, kind = self._values, self._kind
        try:
            return hide_secrets(msgspec.convert(values, kind, strict=False))
        # What a struct checks when it is made is the plugin's code, and may raise anything.
        except Exception as error:  # noqa: BLE001
            is_told = isinstance(error, msgspec.ValidationError)
            reason = str(error) if is_told else f"{kind.__qualname__} raised {error!r}"
            # The plugin's own words, which may quote them.
            secrets = [
                values[each.field] for each in self._knobs if each.secret and each.field in values
            ]
            raise SettingsError(
                f"the settings of {self._owner} do not go together ({', '.join(self._places)}): "
                f"{Mask(secrets, short=True)(reason)}; correct them, or remove them"
            ) from None


def _require_fit(value: str, kind: Any) -> None:
    """Refuse what no field of this type takes, with a ``ValueError`` that says what it expects."""
    kinds = {type(each) for each in type_parts(msgspec.inspect.type_info(kind))}
    is_null = msgspec.inspect.NoneType in kinds and value.lower() == "null"
    if kinds <= _BOOLEAN and not is_null:
        # As Penstock's own settings; msgspec takes 1 and 0 as well.
        readers.boolean(value)
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(_expectation(str(error), kind)) from None


def _remedy(knob: PluginKnob) -> str:
    """What to do about a value that the field does not take."""
    if knob.secret or knob.default is msgspec.NODEFAULT:
        return "correct it, or remove it"
    return f"correct it, or remove it for the default, {limits.text(knob.default)}"


def unknown(
    plugins: Mapping[str, Sequence[type[msgspec.Struct]] | None], given: Given
) -> Iterator[tuple[str, SettingsError]]:
    """What looks like a plugin's setting and is none: the plugin, and what to do about it.

    Args:
        plugins: the settings structs of each installed plugin, also of those that have none;
            ``None`` for one that is quarantined, whose settings nobody can judge.
        given: all that is said of anything.
    """
    own = {
        plugin: [knob for kind in kinds for knob in knobs(plugin, kind)]
        for plugin, kinds in plugins.items()
        if kinds is not None
    }
    known = {knob.variable for knob in KNOBS}.union(
        knob.variable for each in own.values() for knob in each
    )
    prefix = setting_names.prefix
    for name in given.names():
        # The longest prefix: plugin "ai-acme" stands beside plugin "ai".
        owners = sorted((each for each in plugins if name.startswith(prefix(each))), key=len)
        if name in known or name.removesuffix(FILE_SUFFIX) in known:
            continue
        if not owners or owners[-1] not in own:
            continue
        owner = owners[-1]
        # Without the prefix, which would make all names look alike.
        short = {each.variable.removeprefix(prefix(owner)): each.variable for each in own[owner]}
        remedy = _nearest(name.removeprefix(prefix(owner)), short)
        yield owner, SettingsError(f"plugin {owner!r} has no setting {name}; {remedy}")
    for key, said in given.table.items():
        if key[0] != toml_file.PLUGINS or key[1] not in own:
            continue
        keys = {each.key[2]: toml_lines.written(each.key) for each in own[key[1]]}
        if key[2] not in keys:
            remedy = _nearest(key[2], keys)
            yield (
                key[1],
                SettingsError(f"plugin {key[1]!r} has no setting {said.place}; {remedy}"),
            )


def refuse_unknown(
    plugins: Mapping[str, Sequence[type[msgspec.Struct]] | None], given: Given
) -> None:
    """Refuse what looks like a plugin's setting and is none.

    Raises:
        SettingsError: for the first such variable or key, with the nearest name.
    """
    for _, error in unknown(plugins, given):
        raise error


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """What to do about a name that is unknown; ``known`` are short and whole names."""
    if near := nearest(name, known):
        return f"did you mean {known[near]}?"
    if known:
        return f"its settings are {', '.join(known.values())}"
    return "remove it: this plugin has no settings"


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
