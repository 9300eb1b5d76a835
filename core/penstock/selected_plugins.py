"""The plugins of this machine, as far as the settings want them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint

from penstock.near_names import did_you_mean, hint
from penstock.plugins import Catalogue, PluginView, Selection, discover, inventory, load
from penstock.plugins.selection import EVERYTHING, names
from penstock.secrecy import Mask
from penstock.settings import OWN_VARIABLES, Settings, SettingsError, plugin_settings


def loaded(
    candidates: Sequence[EntryPoint],
    selection: Selection = EVERYTHING,
    *,
    mask: Mask | None = None,
) -> Catalogue:
    """Of ``candidates`` those that are wanted; none may read what is said of Penstock itself.

    ``mask`` hides secrets in what those say that fail.
    """
    return load(candidates, selection, own_variables=OWN_VARIABLES, mask=mask)


def selected(settings: Settings) -> Catalogue:
    """What is installed and wanted; plugins that do not load are quarantined in it.

    Raises:
        SettingsError: for the first plugin that they name and that is not installed, or that they
            both want and do not want.
    """
    candidates = discover()
    return loaded(candidates, _selection(settings, candidates), mask=settings.mask)


def described(catalogue: Catalogue) -> Sequence[PluginView]:
    """What is in ``catalogue``, with the names of the plugins' settings."""
    variables = {
        plugin.name: [
            knob.variable
            for kind in plugin.settings
            for knob in plugin_settings.knobs(plugin.name, kind)
        ]
        for plugin in catalogue.plugins
    }
    return inventory(catalogue, variables)


def _selection(settings: Settings, candidates: Sequence[EntryPoint]) -> Selection:
    wanted, disabled = settings.plugins, settings.plugins_disabled or ()
    known = {name for each in candidates for name in names(each)}
    for variable, named in (
        ("PENSTOCK_PLUGINS", wanted or ()),
        ("PENSTOCK_PLUGINS_DISABLED", disabled),
    ):
        for name in named:
            if name not in known:
                short = hint(name, {each.name for each in candidates})
                raise SettingsError(
                    f"expected {variable} to name plugins that are installed, got {name!r}; "
                    f"{did_you_mean(name, known) or short}"
                )
    if both := sorted(set(wanted or ()) & set(disabled)):
        raise SettingsError(
            "expected PENSTOCK_PLUGINS_DISABLED to name none of those in PENSTOCK_PLUGINS, got "
            f"{both[0]!r}; take it out of one of them"
        )
    return Selection(only=wanted, disabled=disabled, safe_mode=settings.safe_mode)
