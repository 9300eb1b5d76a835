"""What is wrong with a setting."""

from penstock.declarations import PenstockError


class SettingsError(PenstockError, ValueError):
    """A setting that cannot be honoured; names the variable, its value and the remedy."""
