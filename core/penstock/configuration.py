"""From what the operator says to what holds for plugins, their queues, providers and task types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from penstock.declarations import DeclarationError
from penstock.dispatch import Claim, ExplainedValue, Policies
from penstock.dispatch.explanation import explained_value
from penstock.ledger import Overrides
from penstock.ledger.database import Database
from penstock.plugins import Catalogue, Plugin
from penstock.settings import (
    PROVIDERS,
    QUEUES,
    TASKS,
    Setting,
    Settings,
    SettingsError,
    Tuning,
    limits,
    plugin_settings,
)

_SIZES = (
    "max_input_bytes",
    "max_result_bytes",
    "max_checkpoint_bytes",
    "max_progress_message_bytes",
    "max_log_line_bytes",
    "max_task_log_lines",
    "max_task_log_bytes",
)
_TIMES = ("lease", "drain", "idempotency_ttl", "events_ttl", "result_ttl")
_KEPT = ("keep_success", "keep_failed", "keep_cancelled")


class Configured(NamedTuple):
    """What variables and files say."""

    tuning: Mapping[str, Tuning]
    """Of queues, providers and task types: kind → name → field → setting."""
    plugin_settings: Mapping[type[Any], Any]
    """Of each plugin, by its settings' type."""


def configured(settings: Settings, catalogue: Catalogue) -> Configured:
    """What variables and files say of ``catalogue``.

    Raises:
        SettingsError: for the first setting of a queue, a provider, a task type or a plugin that
            cannot be honoured.
    """
    plugin_settings.refuse_unknown(_declared(catalogue), settings.given)
    tuning, wrong = _tuning(settings, catalogue)
    for fault in wrong:
        raise fault
    values = {
        kind: plugin_settings.read(
            plugin.name, kind, settings.given, distribution=_distribution(plugin)
        )
        for plugin in catalogue.plugins
        for kind in plugin.settings
    }
    return Configured(tuning, values)


def faults(settings: Settings, catalogue: Catalogue) -> Iterator[tuple[str | None, SettingsError]]:
    """Everything that :func:`configured` refuses, and the plugin whose setting it is.

    Queues, providers and task types have no plugin here.
    """
    given = settings.given
    yield from plugin_settings.unknown(_declared(catalogue), given)
    for plugin in catalogue.plugins:
        for kind in plugin.settings:
            for error in plugin_settings.faults(
                plugin.name, kind, given, distribution=_distribution(plugin)
            ):
                yield plugin.name, error
    for error in _tuning(settings, catalogue)[1]:
        yield None, error


def _declared(catalogue: Catalogue) -> dict[str, Sequence[type[Any]] | None]:
    """The settings of each plugin; ``None`` of those that are not loaded."""
    return {
        **{plugin.name: None for plugin in catalogue.absent},
        **{plugin.name: plugin.settings for plugin in catalogue.plugins},
    }


def _distribution(plugin: Plugin) -> str:
    return f"{plugin.distribution} {plugin.version}"


def _tuning(
    settings: Settings, catalogue: Catalogue
) -> tuple[Mapping[str, Tuning], Sequence[SettingsError]]:
    """What is said of queues, providers and task types, and what is wrong with it."""
    given, absent = settings.given, [each.title for each in catalogue.absent]
    wrong: list[SettingsError] = []
    tuning = {}
    for of, names in (
        (QUEUES, catalogue.queues),
        (PROVIDERS, catalogue.providers),
        (TASKS, catalogue.task_types),
    ):
        tuning[of.kind], faults = of.read(names, given, absent=absent)
        wrong += faults
    return tuning, [*wrong, *_misfits(catalogue, tuning)]


def _misfits(catalogue: Catalogue, tuning: Mapping[str, Tuning]) -> Iterator[SettingsError]:
    """What the declarations do not take, before anything is opened."""
    if _fault(catalogue, tuning) is None:
        return
    beside: dict[str, dict[str, Mapping[str, Setting]]] = {kind: {} for kind in tuning}
    for kind, of_kind in tuning.items():
        for name, said in of_kind.items():
            beside[kind][name] = said
            if fault := _fault(catalogue, beside):
                del beside[kind][name]
                places = ", ".join(each.source for each in said.values())
                refused = SettingsError(f"{fault}; change or remove {places}")
                refused.__cause__ = fault
                yield refused


def _fault(catalogue: Catalogue, tuning: Mapping[str, Tuning]) -> DeclarationError | None:
    values = {
        kind: {
            name: {field: each.value for field, each in said.items()}
            for name, said in of_kind.items()
        }
        for kind, of_kind in tuning.items()
    }
    try:
        catalogue.tuned(values[QUEUES.kind], values[PROVIDERS.kind], values[TASKS.kind])
    except DeclarationError as error:
        return error
    return None


def policies(said: Configured, catalogue: Catalogue, database: Database) -> Policies:
    """What holds for ``catalogue``, over what is declared; not read yet."""
    return Policies(
        catalogue,
        kinds=(QUEUES, PROVIDERS, TASKS),
        settings=said.tuning,
        overrides=Overrides(database),
    )


def installation_values(settings: Settings) -> list[ExplainedValue]:
    """What holds for all task types, and who says so: sizes, times, and how long tasks are kept."""
    found = [
        *(
            _explained(field, field.rpartition("_")[2], [_claim(settings, field)])
            for field in _SIZES
        ),
        *(_explained(field, "time", [_claim(settings, field)]) for field in _TIMES),
    ]
    for field in _KEPT:
        claims = [_claim(settings, field)]
        kept: timedelta | None = getattr(settings, field)
        if kept is not None and kept < settings.idempotency_ttl:
            # No task goes before a key that stands for it: see app.retention.
            claims.insert(0, _claim(settings, "idempotency_ttl"))
        found.append(_explained(field, "time", claims))
    return found


def _claim(settings: Settings, field: str) -> Claim:
    value, said = getattr(settings, field), settings.said(field)
    text = "forever" if value is None else limits.text(value)
    origin: Literal["environment", "file", "default"] = "default" if said is None else said.origin
    source = "" if said is None else said.place
    return Claim(value=text, origin=origin, source=source, said_of="installation")


def _explained(field: str, unit: str, claims: list[Claim]) -> ExplainedValue:
    return explained_value("installation", field, unit, claims, changeable=False)
