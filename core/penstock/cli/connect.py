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
    file = settings.data_dir / development_key.FILE_NAME
    return ApiClient(
        settings.url,
        settings.api_key or development_key.find(settings.data_dir),
        key_source=f"The key is read from PENSTOCK_API_KEY, else from {file}; run this in the "
        "folder where `penstock dev` runs, or set one of PENSTOCK_API_KEY and PENSTOCK_DATA_DIR.",
    )
