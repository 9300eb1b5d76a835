"""What the operator says, by environment variables and ``.env.local``; checked before use."""

from penstock.settings import plugin_settings, provider_tuning, queue_tuning
from penstock.settings.errors import SettingsError
from penstock.settings.knobs import KNOBS, Knob
from penstock.settings.secrecy import redacted
from penstock.settings.settings import Settings

__all__ = [
    "KNOBS",
    "Knob",
    "Settings",
    "SettingsError",
    "plugin_settings",
    "provider_tuning",
    "queue_tuning",
    "redacted",
]
