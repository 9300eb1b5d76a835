"""Reads ``.env.local``."""

from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from penstock.settings.errors import SettingsError
from penstock.settings.given import Said

FILE_NAME = ".env.local"


def variables(directory: Path) -> dict[str, Said]:
    """What ``.env.local`` of that folder sets; nothing if there is none. ``${…}`` is plain text.

    Raises:
        SettingsError: if the file cannot be read, or one of its lines makes no sense.
            (python-dotenv itself would log a warning and go on without that line.)
    """
    file = directory / FILE_NAME
    try:
        content = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"cannot read {file}: {error}; it is to be a text file in UTF-8"
        ) from error
    found: dict[str, Said] = {}
    for binding in parse_stream(StringIO(content)):
        line = binding.original.line
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(
                f"expected line {line} of {file} to be NAME=value, a comment or "
                "empty; does a quote or the '=' lack?"
            )
        if binding.key is not None and binding.value:
            place = f"{binding.key} (line {line} of {file})"
            found[binding.key] = Said(value=binding.value, place=place, origin="file")
    return found
