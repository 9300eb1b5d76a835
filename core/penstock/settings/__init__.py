"""What the operator says, by variables and files; checked before use."""

from penstock.settings import plugin_settings, secret_values
from penstock.settings.errors import SettingsError
from penstock.settings.given import Given
from penstock.settings.knobs import KNOBS, OWN_VARIABLES, Knob
from penstock.settings.provider_tuning import PROVIDERS
from penstock.settings.queue_tuning import QUEUES
from penstock.settings.settings import Settings
from penstock.settings.task_tuning import TASKS
from penstock.settings.tuning import Setting, Tuning

__all__ = [
    "KNOBS",
    "OWN_VARIABLES",
    "PROVIDERS",
    "QUEUES",
    "TASKS",
    "Given",
    "Knob",
    "Setting",
    "Settings",
    "SettingsError",
    "Tuning",
    "plugin_settings",
    "secret_values",
]
