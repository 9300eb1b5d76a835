"""Reads a folder of secret files, one for each variable, as Docker and Kubernetes mount them."""

import re
from pathlib import Path

from penstock.settings.errors import SettingsError
from penstock.settings.given import Said, read_secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def variables(directory: Path, *, of: str) -> dict[str, Said]:
    """What the files of ``directory`` say; their names are those of variables, in any case.

    Folders, and files whose names could be no variable's (``..data``), are left alone. A file that
    cannot be read, holds nothing or has a twin is a fault of that variable, and harms nobody who
    does without.

    Args:
        directory: the folder.
        of: what names it, for people.

    Raises:
        SettingsError: the folder cannot be read.
    """
    try:
        files = sorted(each for each in directory.iterdir() if each.is_file())
    except OSError as error:
        raise SettingsError(
            f"cannot read {directory} ({of}): {error.strerror}; it is to be a folder with one file "
            "for each variable"
        ) from None
    found: dict[str, Said] = {}
    for file in files:
        variable = file.name.upper()
        if not _NAME.fullmatch(file.name):
            continue
        value, fault = "", None
        if variable in found:
            fault = f"two files in {directory} ({of}) say {variable}; remove one of them"
        else:
            try:
                value = read_secret(file, of=f"{variable}, by {of}")
            except SettingsError as error:
                fault = str(error)
        found[variable] = Said(
            value=value,
            place=f"{variable} (in {file})",
            origin="file",
            is_hidden=True,
            fault=fault,
        )
    return found
