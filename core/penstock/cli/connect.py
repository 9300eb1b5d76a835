"""From the settings of this process to a client of the API."""

from penstock.cli import development_key, process_settings
from penstock.cli.client import ApiClient


def connect() -> ApiClient:
    """A client for the API of the settings, with their key or else the development key.

    Raises:
        SettingsError: if a setting cannot be honoured.
        DevelopmentKeyError: if the development key cannot be read.
    """
    settings = process_settings.load()
    return ApiClient(settings.url, settings.api_key or development_key.find(settings.data_dir))
