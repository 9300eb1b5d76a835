"""Reads a folder of secret files, one for each variable, as Docker and Kubernetes mount them."""

import re
from pathlib import Path

from penstock.settings.errors import SettingsError
from penstock.settings.given import Said, read_secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def variables(directory: Path, *, of: str) -> dict[str, Said]:
    """What the files of ``directory`` say; their names are those of variables, in any case.

    Folders, and files whose names could be no variable's (``..data``), are left alone.

    Args:
        directory: the folder.
        of: what names it, for people.

    Raises:
        SettingsError: the folder or one of its files cannot be read, or two are of one variable.
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
        if variable in found:
            raise SettingsError(
                f"two files in {directory} ({of}) say {variable}; remove one of them"
            )
        found[variable] = Said(
            value=read_secret(file, of=of),
            place=f"{variable} (in {file})",
            origin="file",
            is_hidden=True,
        )
    return found
