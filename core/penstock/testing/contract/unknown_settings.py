"""A setting that is misspelt is refused, with the right name beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from penstock.configuration import configured
from penstock.declarations import setting_names
from penstock.settings import Settings, SettingsError, plugin_settings
from penstock.testing.contract.subject import Subject


def faults(subject: Subject) -> Iterator[str]:
    """Misspelt settings that nobody would notice, and defaults that cannot be honoured."""
    try:
        _configure(subject, {})
    except SettingsError as error:
        yield f"{subject} cannot be started as it is installed, with no settings given: {error}"
        return
    own = [
        each.variable
        for kind in subject.plugin.settings
        for each in plugin_settings.knobs(subject.name, kind)
        if each.variable.startswith(setting_names.prefix(subject.name))
    ]
    right = own[0] if own else f"{setting_names.prefix(subject.name)}X"
    wrong = f"{right}X"
    try:
        _configure(subject, {wrong: "1"})
    except SettingsError as error:
        if own and right not in str(error):
            yield f"{subject}: {wrong} is refused, but {right} is not suggested: {error}"
    else:
        yield (
            f"{subject}: a misspelt setting, {wrong}, is not refused, so an operator would not "
            "notice; is there a field of that name?"
        )


def _configure(subject: Subject, variables: dict[str, str]) -> None:
    plugins = [each.name for each in subject.catalogue.plugins]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(variables, Path(folder), plugins=plugins)
        configured(settings, subject.catalogue)
